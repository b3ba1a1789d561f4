"""Builds every deckboot image, `deckboot.toml` and the listings with Debian's avr-gcc.

    python build.py [FOLDER]        (here, unless FOLDER is given)

All images are for 16 MHz and 115200 baud; the manifest says where to change that.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
F_CPU_HZ = 16_000_000
BAUD = 115_200
BAUDS = (115_200, 76_800, 57_600, 38_400, 19_200)
CLOCKS_HZ = (20_000_000, 18_432_000, 16_000_000, 14_745_600, 12_000_000, 8_000_000, 7_372_800, 1_000_000)
SECONDS = {"timeout": 1.0, "wait": 8.0, "256": 1.0}
SILENCE_S = 0.004
PAUSE_S = 0.5
LISTED = {"atmega328p-timeout": "listing.txt", "atmega168p-256": "listing256.txt"}

EEPROM_READ, EEPROM_WRITE, FUSES_READ, ROW_READ, WAITS, SILENCE = 1, 2, 4, 8, 16, 32
"""Bits of the features byte."""


@dataclass(frozen=True)
class Chip:
    """Parts that take the same image. Sizes are in bytes.

    ``nrww`` is the NRWW section, ``section`` the boot section of all images but the small one. ``ports``
    are the I/O addresses of PORTx. ``signature`` is set where no LPM reads it from the chip.
    """

    name: str
    parts: tuple[str, ...]
    flash: int
    page: int
    nrww: int
    section: int
    led: str
    ports: dict[str, int]
    kinds: tuple[str, ...] = ("timeout", "wait")
    signature: tuple[int, int, int] | None = None
    usart_by_y: bool = True


BCD = {"B": 0x05, "C": 0x08, "D": 0x0B}
ABCD = {"A": 0x02, **BCD}
OLD_BCD = {"B": 0x18, "C": 0x15, "D": 0x12}
OLD_ABCD = {"A": 0x1B, **OLD_BCD}
WITH_256 = ("timeout", "wait", "256")
CHIPS = (
    Chip("atmega328p", ("ATmega328P", "ATmega328", "ATmega328PB"), 32768, 128, 4096, 512, "B5", BCD),
    Chip(
        "atmega168p", ("ATmega168P", "ATmega168PA", "ATmega168A", "ATmega168PB"),
        16384, 128, 2048, 512, "B5", BCD, WITH_256,
    ),
    Chip("atmega168", ("ATmega168",), 16384, 128, 2048, 512, "B5", BCD, signature=(0x1E, 0x94, 0x06)),
    Chip(
        "atmega88p", ("ATmega88P", "ATmega88PA", "ATmega88A", "ATmega88PB"),
        8192, 64, 2048, 512, "B5", BCD, WITH_256,
    ),
    Chip("atmega88", ("ATmega88",), 8192, 64, 2048, 512, "B5", BCD, signature=(0x1E, 0x93, 0x0A)),
    Chip(
        "atmega644p", ("ATmega644P", "ATmega644PA", "ATmega644", "ATmega644A"),
        65536, 256, 8192, 1024, "B0", ABCD,
    ),
    Chip("atmega1284p", ("ATmega1284P", "ATmega1284"), 131072, 256, 8192, 1024, "B0", ABCD),
    Chip(
        "atmega32", ("ATmega32", "ATmega32A"), 32768, 128, 4096, 512, "B0", OLD_ABCD,
        signature=(0x1E, 0x95, 0x02), usart_by_y=False,
    ),
    Chip(
        "atmega8", ("ATmega8", "ATmega8A"), 8192, 64, 2048, 512, "B5", OLD_BCD,
        signature=(0x1E, 0x93, 0x07), usart_by_y=False,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """One image: ``timeout`` and ``wait`` are ways to begin, ``256`` is the small loader."""

    chip: Chip
    kind: str

    @property
    def name(self) -> str:
        """The stem of its file."""
        return f"{self.chip.name}-{self.kind}"

    @property
    def small(self) -> bool:
        """Whether it is the loader of 256 bytes."""
        return self.kind == "256"

    @property
    def source(self) -> Path:
        """The file it is made of."""
        return HERE / ("deckboot256.S" if self.small else "deckboot.S")

    @property
    def section(self) -> int:
        """Size of the boot section."""
        return 256 if self.small else self.chip.section

    @property
    def start(self) -> int:
        """Byte address of the boot section."""
        return self.chip.flash - self.section

    @property
    def trailer(self) -> int:
        """How many bytes at the end of the section GET_PARAMETER tells."""
        return 4 if self.small else 8

    @property
    def features(self) -> int:
        """The features byte."""
        row = 0 if self.chip.signature else ROW_READ
        if self.small:
            return FUSES_READ | row | SILENCE
        return EEPROM_READ | EEPROM_WRITE | FUSES_READ | row | (WAITS if self.kind == "wait" else 0)

    @property
    def turn_cycles(self) -> int:
        """Cycles of a turn of the loop that waits for a byte."""
        if self.small:
            return 9
        return 10 if self.chip.usart_by_y else 9

    @property
    def silence(self) -> int:
        """The small loader's count of 256 turns; the first of them begins anywhere."""
        return round(SILENCE_S * F_CPU_HZ / (256 * self.turn_cycles) - 0.5)

    @property
    def timeout(self) -> int:
        """The count of 65536 turns, the first of which begins anywhere, or of silences."""
        seconds = SECONDS[self.kind]
        if self.small:
            return round(seconds * F_CPU_HZ / ((self.silence + 0.5) * 256 * self.turn_cycles))
        return self._turns(seconds)

    @property
    def pause(self) -> int:
        """The same of a pause within a command."""
        return self._turns(PAUSE_S)

    def _turns(self, seconds: float) -> int:
        """Counts of 65536 turns, the first of which begins anywhere."""
        return round(seconds * F_CPU_HZ / (65536 * self.turn_cycles) - 0.5)

    @property
    def options(self) -> dict[str, int | str]:
        """What the source wants defined."""
        chip = self.chip
        # Not SIGNATURE_0..2: the headers have those, and not always right.
        signature = {f"DECKBOOT_SIGNATURE_{at}": byte for at, byte in enumerate(chip.signature or ())}
        return {
            "BOOT_START": self.start,
            "NRWW_START": chip.flash - chip.nrww,
            "TRAILER": chip.flash - self.trailer,
            "PAGE": chip.page,
            "DIVISOR": divisor(F_CPU_HZ, BAUD),
            "TIMEOUT": self.timeout,
            "SILENCE": self.silence,
            "PAUSE": self.pause,
            "WAIT": int(self.kind == "wait"),
            "LED_PORT": f"PORT{chip.led[0]}",
            "LED_DDR": f"DDR{chip.led[0]}",
            "LED_BIT": int(chip.led[1]),
            "FEATURES": self.features,
            "SIGNATURE_BY_LPM": int(not chip.signature),
            "STACK_UNSET": int(not chip.usart_by_y),
            **signature,
        }


VARIANTS = tuple(Variant(chip, kind) for chip in CHIPS for kind in chip.kinds)


def divisor(f_cpu_hz: int, baud: int) -> int:
    """UBRR with U2X."""
    return max(round(f_cpu_hz / (8 * baud)) - 1, 0)


def error(f_cpu_hz: int, baud: int) -> float:
    """How far the rate is off, in per cent; a positive error is too fast."""
    return (f_cpu_hz / (8 * (divisor(f_cpu_hz, baud) + 1)) / baud - 1) * 100


def compiled(variant: Variant, folder: Path) -> Path:
    """The linked program."""
    chip, elf = variant.chip, folder / f"{variant.name}.elf"
    wrap = [f"-Wl,--pmem-wrap-around={chip.flash >> 10}k"] if chip.flash <= 65536 else []
    run(
        "avr-gcc", f"-mmcu={chip.name}", "-x", "assembler-with-cpp", "-g", "-nostartfiles", "-nostdlib",
        *(f"-D{name}={value}" for name, value in variant.options.items()), *wrap,
        "-Wl,--defsym=reset_vector=0", f"-Wl,--section-start=.text={variant.start:#x}",
        f"-Wl,--section-start=.trailer={chip.flash - variant.trailer:#x}",
        "-o", str(elf), str(variant.source),
    )  # fmt: skip
    return elf


def hexed(elf: Path, file: Path) -> None:
    """The Intel HEX file, with line ends as on every platform."""
    run("avr-objcopy", "-O", "ihex", "-j", ".text", "-j", ".trailer", str(elf), str(file))
    file.write_bytes(file.read_bytes().replace(b"\r\n", b"\n"))


def code_bytes(elf: Path) -> int:
    """Size of the code."""
    sizes = (line.split() for line in run("avr-size", "-A", str(elf)).splitlines())
    return next(int(words[1]) for words in sizes if words[:1] == [".text"])


def places(variant: Variant, elf: Path) -> Iterator[tuple[str, int]]:
    """Name and offset in the section of everything that may be changed."""
    for line in sorted(run("avr-nm", str(elf)).splitlines()):
        address, _, name = line.split()
        if name.startswith("patch_"):
            yield name.removeprefix("patch_"), int(address, 16) - variant.start


def manifest(variant: Variant, elf: Path) -> Iterator[str]:
    """The variant's table in `deckboot.toml`."""
    chip = variant.chip
    parts = ", ".join(f'"{name}"' for name in chip.parts)
    yield f"[variants.{variant.name}]"
    yield f"parts = [{parts}]"
    yield f'entry = "{"wait" if variant.kind == "wait" else "timeout"}"'
    yield f"start = {variant.start:#06x}"
    yield f"section_bytes = {variant.section}"
    yield f"code_bytes = {code_bytes(elf)}"
    yield f"features = {variant.features:#04x}"
    yield f"turn_cycles = {variant.turn_cycles}"
    for name, offset in places(variant, elf):
        yield f"{name}_at = {offset:#05x}"
    if not variant.small:
        ports = ", ".join(f"{port} = {address:#04x}" for port, address in chip.ports.items())
        yield f'led = "{chip.led}"'
        yield f"ports = {{ {ports} }}"
    yield ""


def listing(variant: Variant, elf: Path) -> Iterator[str]:
    """The source, with address and machine code before every line that made any."""
    code: dict[int, list[str]] = {}
    line = 0
    for text in run("avr-objdump", "-d", "-l", str(elf)).splitlines():
        if where := re.search(rf"{variant.source.name}:(\d+)", text):
            line = int(where[1])
        elif word := re.match(r"\s+([0-9a-f]+):\t((?:[0-9a-f]{2} )+)", text):
            code.setdefault(line, []).append(f"{int(word[1], 16):05x}  {word[2].strip()}")
    for number, text in enumerate(variant.source.read_text(encoding="utf-8").splitlines(), 1):
        first, *more = code.get(number, [""])
        yield f"{first:18}  {text}".rstrip()
        yield from more


def rates() -> Iterator[str]:
    """Divisor and error of every rate at every clock."""
    yield "UBRR (with U2X) and error, too fast is positive; beyond 2.5 % do not use it"
    yield "       Hz" + "".join(f"{baud:>16}" for baud in BAUDS)
    for clock in CLOCKS_HZ:
        cells = (f"{divisor(clock, baud):8d} {error(clock, baud):+5.2f} %" for baud in BAUDS)
        yield f"{clock:9d}" + "".join(cells)


def run(*command: str) -> str:
    """What a tool prints; stops with its complaint."""
    tool = shutil.which(command[0])
    if tool is None:
        raise SystemExit(f"{command[0]} is missing: install the packages gcc-avr, binutils-avr and avr-libc")
    done = subprocess.run([tool, *command[1:]], capture_output=True, text=True, check=False)  # noqa: S603 - fixed names
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def main(target: Path) -> None:
    """Build all there is into ``target``."""
    lines = ["# Written by build.py, see README.md. Offsets count from the start of the section.", ""]
    lines += [f"f_cpu_hz = {F_CPU_HZ}", f"baud = {BAUD}", ""]
    with tempfile.TemporaryDirectory() as folder:
        for variant in VARIANTS:
            elf = compiled(variant, Path(folder))
            used = code_bytes(elf) + variant.trailer
            sys.stdout.write(f"{variant.name:24} {used:4d} of {variant.section}\n")
            hexed(elf, target / f"{variant.name}.hex")
            lines += manifest(variant, elf)
            if listed := LISTED.get(variant.name):
                text = "\n".join(listing(variant, elf))
                (target / listed).write_text(f"{text}\n", encoding="utf-8")
    (target / "deckboot.toml").write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(rates()) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
