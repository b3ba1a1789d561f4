"""The part files against what others say: avr-libc's headers and avrdude's own description of its parts.

Exceptions are the headers' slips, each settled against a third source.
"""

import functools
import re
import subprocess

import pytest

from avrdeck.boards import catalog
from debian import tool

NO_HEADER = {
    "ATtiny828R", "ATtiny1634R", "ATmega324PB", "ATmega328PB", "ATmega32HVE2", "LGT8F88P", "LGT8F168P",
    "LGT8F328P", "AT89S51", "AT89S52", "ATmegaS64M1", "ATmegaS128",
}  # fmt: skip
HEADER_HAS_SIBLINGS_SIGNATURE = {
    "AT90S4434", "ATmega164P", "ATmega164A", "ATmega165", "ATmega325P", "ATmega3250P", "ATmega645P",
    "ATmega6450P", "ATmega169A", "ATmega329PA", "ATmega3290P", "ATmega6490P",
}  # fmt: skip
HEADER_HAS_NO_SIGNATURE = {
    "AT90PWM1", "AT90PWM2", "AT90PWM3", "AT90USB82", "AT90S2333", "ATmega8HVA", "ATmega32HVBrevB",
}  # fmt: skip
HEADER_PAGE_SIZE_WRONG = {"ATtiny26", "ATmega103", "ATmega32HVBrevB"}
MACROS = ("SIGNATURE_0", "SIGNATURE_1", "SIGNATURE_2", "FLASHEND", "E2END", "SPM_PAGESIZE")


@functools.cache
def header(name: str) -> dict[str, int]:
    """The macros that avr-libc defines for a part."""
    compiler = tool("avr-gcc", "gcc-avr")
    source = "#include <avr/io.h>\n" + "".join(f'"{macro}" {macro}\n' for macro in MACROS)
    command = [compiler, f"-mmcu={name.lower()}", "-E", "-P", "-xc", "-"]
    run = subprocess.run(command, input=source, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    number = r"(0[xX][0-9a-fA-F]+|\d+)[UL]*"
    found = re.findall(rf'^"(\w+)" \(?{number}(?: - {number})?\)?$', run.stdout, re.MULTILINE)
    return {macro: int(value, 0) - int(less or "0", 0) for macro, value, less in found}


@pytest.mark.parametrize("name", [name for name in catalog.part_names() if name not in NO_HEADER])
def test_avr_libc_agrees(name):
    part, macros = catalog.part(name), header(name)
    assert macros["FLASHEND"] + 1 == part.flash.size
    if part.eeprom and "E2END" in macros:
        assert macros["E2END"] + 1 == part.eeprom.size
    if name in HEADER_HAS_NO_SIGNATURE:
        assert "SIGNATURE_0" not in macros
    else:
        signature = bytes(macros[f"SIGNATURE_{place}"] for place in range(3))
        assert (signature == part.signature) == (name not in HEADER_HAS_SIBLINGS_SIGNATURE)
    if part.flash.page_size:
        assert (macros.get("SPM_PAGESIZE") == part.flash.page_size) == (name not in HEADER_PAGE_SIZE_WRONG)


@functools.cache
def avrdude() -> dict[str, dict[str, str]]:
    """What avrdude says of every part: ``{desc: {"flash.size": "32768"}}``."""
    command = [tool("avrdude", "avrdude"), "-p", "*/St"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    parts: dict[str, dict[str, str]] = {}
    for line in (run.stdout + run.stderr).splitlines():
        columns = line.split("\t")
        if columns[0] == ".pt":
            parts.setdefault(columns[1], {})[columns[2]] = columns[3].strip().strip('"')
        elif columns[0] == ".ptmm":
            parts[columns[1]][f"{columns[2]}.{columns[3]}"] = columns[4].strip()
    return parts


UNKNOWN_TO_OLD_AVRDUDE = {
    "ATtiny22", "ATmega16M1", "ATmega32C1", "ATmega64C1", "AT90PWM1", "AT90PWM81", "AT90PWM161",
    "AT90S2323", "ATmega8HVA", "ATmega16HVA", "ATmega16HVB", "ATmega16HVBrevB", "ATmega32HVB",
    "ATmega32HVBrevB", "ATmega32HVE2", "ATmega64HVE2", "ATA5505", "ATA6612C", "ATA6613C", "ATA6614Q",
    "ATA6616C", "ATA6617C", "ATA664251", "ATmegaS64M1", "ATmegaS128", "AT89S51", "AT89S52",
}  # fmt: skip
OLD_AVRDUDE = {
    ("LGT8F88P", "id"), ("LGT8F168P", "id"), ("LGT8F328P", "id"),  # renamed since
    ("ATmega165", "signature"),  # corrected since
    ("AT90S4434", "hv"),  # added since
}  # fmt: skip
"""Where the avrdude of Debian 12 says otherwise than the newer one that the data comes from."""


@pytest.mark.parametrize("name", catalog.part_names())
def test_avrdude_agrees(name):
    part = catalog.part(name)
    theirs = avrdude().get(name)
    if theirs is None:
        assert name in UNKNOWN_TO_OLD_AVRDUDE
        return
    modes = set(theirs["prog_modes"].split(" | "))
    agrees = {
        "id": theirs["id"].lower() == part.avrdude_id.lower(),
        "signature": bytes(int(byte, 0) for byte in theirs["signature"].split()) == part.signature,
        "flash": int(theirs["flash.size"], 0) == part.flash.size,
        "flash page": part.flash.page_size in (None, int(theirs.get("flash.page_size", "0"), 0)),
        "eeprom": part.eeprom is None or int(theirs["eeprom.size"], 0) == part.eeprom.size,
        "hv": not part.is_avr or (part.interfaces.hv is not None and f"PM_{part.interfaces.hv}" in modes),
        "debugwire": part.interfaces.debugwire == ("PM_debugWIRE" in modes),
        "jtag": part.interfaces.jtag == ("PM_JTAG" in modes),
    }
    assert {(name, item) for item, same in agrees.items() if not same} <= OLD_AVRDUDE
    for fuse in part.fuses.values():
        initial = theirs.get(f"{fuse.name}.initval")
        assert initial is None or fuse.factory == int(initial, 0), fuse.name
