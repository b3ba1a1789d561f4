"""Images that others made: the bootloaders in Debian's core, and what avr-gcc links."""

from __future__ import annotations

import subprocess

import pytest
from intelhex import IntelHex

from avrdeck.boards import catalog, images
from debian import debian_core, tool

BROKEN = {"optiboot_atmega328.hex", "optiboot_atmega168.hex"}

PROGRAM = """
#include <avr/io.h>
#include <avr/eeprom.h>
#include <avr/fuse.h>
#include <avr/lock.h>
FUSES = { .low = 0xE2, .high = 0xD9, .extended = 0xFD };
LOCKBITS = 0xCF;
uint8_t EEMEM kept[] = "eeprom";
volatile uint8_t initialised[] = "from the data section";
int main(void) { for (;;) PORTB = initialised[PINB]; }
"""


def test_an_image_that_runs_past_the_end_of_flash_names_file_address_and_part():
    path = debian_core() / "bootloaders/optiboot/optiboot_atmega328.hex"
    with pytest.raises(images.OutsideError) as caught:
        images.load(path, part=catalog.part("ATmega328P"))
    assert (caught.value.address, caught.value.end, caught.value.part) == (0x8000, 0x8014, "ATmega328P")
    assert all(
        word in str(caught.value) for word in ("optiboot_atmega328.hex", "0x8014", "ATmega328P", "0x7FFE")
    )


def test_records_that_contradict_each_other_name_address_and_lines():
    with pytest.raises(images.OverlapError) as caught:
        images.load(debian_core() / "bootloaders/optiboot/optiboot_atmega168.hex")
    assert (caught.value.address, caught.value.lines) == (0x3FFE, (32, 35))


def test_every_other_bootloader_reads_as_intelhex_reads_it():
    files = [path for path in (debian_core() / "bootloaders").rglob("*.hex") if path.name not in BROKEN]
    assert len(files) > 10
    for path in files:
        other = IntelHex(str(path))
        ours = images.load(path)
        assert [(s.start, s.data) for s in ours.segments] == [
            (start, other.tobinstr(start, end - 1)) for start, end in other.segments()
        ]


def test_a_linked_program_gives_each_memory(tmp_path):
    (tmp_path / "main.c").write_text(PROGRAM)
    elf, flash = tmp_path / "main.elf", tmp_path / "flash.hex"
    compiler, copier = tool("avr-gcc", "gcc-avr"), tool("avr-objcopy", "binutils-avr")
    subprocess.run([compiler, "-mmcu=atmega328p", "-Os", "-o", elf, tmp_path / "main.c"], check=True)
    subprocess.run(
        [copier, "-O", "ihex", "-R", ".eeprom", "-R", ".fuse", "-R", ".lock", elf, flash], check=True
    )
    program = images.load(elf, part=catalog.part("m328p"))
    assert program.segments == images.load(flash).segments
    assert program.segments[0].data.endswith(b"from the data section\0")
    assert images.load(elf, "eeprom").segments[0].data == b"eeprom\0"
    found = {memory: images.load(elf, memory).read(0, 1)[0] for memory in ("lfuse", "hfuse", "efuse", "lock")}
    assert found == {"lfuse": 0xE2, "hfuse": 0xD9, "efuse": 0xFD, "lock": 0xCF}
