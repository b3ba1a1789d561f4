"""Firmware that this project did not write, built or read from Debian packages at test time.

Images land in a cache folder outside the repository, named by a hash of all that went into them.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from intelhex import IntelHex

ARDUINO = Path("/usr/share/arduino")
CORE = ARDUINO / "hardware/arduino/avr"
SKETCH = ARDUINO / "examples/11.ArduinoISP/ArduinoISP/ArduinoISP.ino"
MINOR = 18
FLASH_BYTES = 32768
MCU = ("-mmcu=atmega328p", "-DF_CPU=16000000L")
# The last one: Debian's avr-g++ 5 keeps the macro that the core's WString wants to C.
BOARD = ("-DARDUINO=10819", "-DARDUINO_AVR_UNO", "-DARDUINO_ARCH_AVR", "-DDECIMAL_DIG=__DECIMAL_DIG__")
# The core's own options, see `compiler.c.flags` and `compiler.cpp.flags` in its platform.txt.
SECTIONS = ("-g", "-Os", "-w", "-ffunction-sections", "-fdata-sections", "-flto")
C_FLAGS = (*SECTIONS, "-std=gnu11", "-fno-fat-lto-objects")
CPP_FLAGS = (*SECTIONS, "-std=gnu++11", "-fpermissive", "-fno-exceptions", "-fno-threadsafe-statics")


class MissingToolError(Exception):
    """A tool or package file that the bench needs is not installed."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """A flat flash image for an ATmega328P at 16 MHz, and what it needs of the chip.

    ``boot_start`` is a byte address, 0 for none; ``hfuse`` holds BOOTSZ and BOOTRST to match.
    """

    name: str
    image: Path
    baud: int
    boot_start: int = 0
    hfuse: int = 0xDF


def cache() -> Path:
    """Where built things live: the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "avrdeck-bench"


@contextmanager
def alone() -> Iterator[None]:
    """Keep other test processes from building the same thing at the same time."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest(files: Iterable[Path], *more: bytes) -> str:
    """A short name for all that goes into a build."""
    hashed = hashlib.sha256()
    for file in files:
        hashed.update(file.name.encode() + b"\0" + file.read_bytes())
    for part in more:
        hashed.update(part)
    return hashed.hexdigest()[:16]


def need(*tools: str | Path) -> None:
    """Raise `MissingToolError` unless every program (name) and file (path) is there."""
    for tool in tools:
        there = tool.exists() if isinstance(tool, Path) else shutil.which(tool)
        if not there:
            raise MissingToolError(f"{tool} is not installed")


def arduino_isp(baud: int = 19200, minor: int = MINOR) -> Firmware:
    """The stock ArduinoISP sketch for an Uno, compiled with the installed core.

    With another ``minor`` version number it is a firmware that nobody knows.
    """
    need("avr-gcc", "avr-g++", "avr-gcc-ar", "avr-objcopy", SKETCH, CORE / "cores/arduino/main.cpp")
    core = sorted((CORE / "cores/arduino").glob("*.[cS]*"))
    spi = CORE / "libraries/SPI/src/SPI.cpp"
    headers = sorted((CORE / "cores/arduino").glob("*.h"))
    flags = (*MCU, *BOARD, *CPP_FLAGS)
    folder = _folder("arduino-isp", [SKETCH, spi, *core, *headers], (*flags, str(baud), str(minor)))
    image = folder / "image.bin"
    with alone():
        if not image.exists():
            _build_sketch(folder, _as_cpp(SKETCH.read_text(encoding="utf-8"), baud, minor), core, spi)
            _flatten(folder / "sketch.elf", image)
    return Firmware(f"ArduinoISP at {baud}", image, baud)


def optiboot() -> Firmware:
    """Optiboot from the core package's source, in a 1 KiB boot section at 0x7C00, 115200 baud.

    The compiler of the package makes it larger than the 512 bytes of its usual place.
    """
    source = CORE / "bootloaders/optiboot/optiboot.c"
    need("avr-gcc", "avr-objcopy", source)
    flags = (
        "-g", "-w", "-Os", "-fno-inline-small-functions", "-fno-split-wide-types", *MCU,
        "-DLED_START_FLASHES=3", "-DBAUD_RATE=115200", "-Wl,--section-start=.text=0x7c00",
        "-Wl,--section-start=.version=0x7ffe", "-Wl,--relax", "-Wl,--gc-sections", "-nostartfiles",
        "-nostdlib",
    )  # fmt: skip
    folder = _folder("optiboot", sorted(source.parent.glob("*.[ch]")), flags)
    image = folder / "image.bin"
    with alone():
        if not image.exists():
            _run("avr-gcc", *flags, "-o", folder / "optiboot.elf", source)
            _flatten(folder / "optiboot.elf", image)
    return Firmware("Optiboot", image, 115200, boot_start=0x7C00, hfuse=0xDC)


def atmegaboot() -> Firmware:
    """The ATmegaBOOT_168 of the Duemilanove's ATmega328P: the package's own hex, 57600 baud."""
    return from_hex(
        "ATmegaBOOT",
        CORE / "bootloaders/atmega/ATmegaBOOT_168_atmega328.hex",
        baud=57600,
        boot_start=0x7800,
        hfuse=0xDA,
    )


def from_hex(name: str, file: Path, baud: int, boot_start: int = 0, hfuse: int = 0xDF) -> Firmware:
    """Any firmware for an ATmega328P from an Intel HEX file."""
    need(file)
    image = _folder(name.lower(), [file], ()) / "image.bin"
    if not image.exists():
        _write_image(file, image)
    return Firmware(name, image, baud, boot_start, hfuse)


def assembled(name: str, text: str, mcu: str = "atmega328p") -> Firmware:
    """A few lines of AVR assembler (GNU as with the C preprocessor) as a firmware of its own."""
    need("avr-gcc", "avr-objcopy")
    folder = _folder(name, [], (mcu, text))
    source, image = folder / f"{name}.S", folder / "image.bin"
    with alone():
        if not image.exists():
            source.write_text(text, encoding="utf-8")
            _run("avr-gcc", f"-mmcu={mcu}", "-nostartfiles", "-nostdlib", "-o", folder / "out.elf", source)
            _flatten(folder / "out.elf", image)
    return Firmware(name, image, 115200)


def _build_sketch(folder: Path, text: str, core: Sequence[Path], spi: Path) -> None:
    source, archive = folder / "sketch.cpp", folder / "core.a"
    source.write_text(text, encoding="utf-8")
    archive.unlink(missing_ok=True)
    _run("avr-gcc-ar", "rcs", archive, *(_compile(file, folder) for file in core))
    objects = [_compile(file, folder) for file in (source, spi)]
    link = ("-Os", "-g", "-flto", "-fuse-linker-plugin", "-Wl,--gc-sections", MCU[0])
    _run("avr-gcc", *link, "-o", folder / "sketch.elf", *objects, archive, "-lm")


def _as_cpp(sketch: str, baud: int, minor: int) -> str:
    """What the Arduino IDE does to a sketch: the core's header and prototypes come first."""
    text = sketch
    for name, usual, wanted in (("BAUDRATE", 19200, baud), ("SWMIN", MINOR, minor)):
        line = rf"^#define {name}\s+{usual}$"
        text, count = re.subn(line, f"#define {name} {wanted}", text, flags=re.MULTILINE)
        if count != 1:
            raise MissingToolError(f"the installed ArduinoISP sketch has no {name} line")
    heads = re.findall(r"^((?:unsigned )?\w+ \w+\([^;{}]*\)) \{$", text, flags=re.MULTILINE)
    prototypes = "\n".join(f"{head};" for head in heads)
    return f'#include <Arduino.h>\n{prototypes}\n#line 1 "ArduinoISP.ino"\n{text}'


def _compile(source: Path, folder: Path) -> Path:
    result = folder / f"{source.name}.o"
    includes = [f"-I{CORE / where}" for where in ("cores/arduino", "variants/standard", "libraries/SPI/src")]
    options: Sequence[str] = CPP_FLAGS if source.suffix == ".cpp" else C_FLAGS
    if source.suffix == ".S":
        options = ("-g", "-x", "assembler-with-cpp")
    compiler = "avr-g++" if source.suffix == ".cpp" else "avr-gcc"
    _run(compiler, "-c", *options, *MCU, *BOARD, *includes, "-o", result, source)
    return result


def _flatten(elf: Path, image: Path) -> None:
    _run("avr-objcopy", "-O", "ihex", "-R", ".eeprom", elf, elf.with_suffix(".hex"))
    _write_image(elf.with_suffix(".hex"), image)


def _write_image(hex_file: Path, image: Path) -> None:
    content = IntelHex(str(hex_file))
    content.padding = 0xFF
    partial = image.with_suffix(f".{os.getpid()}")
    partial.write_bytes(bytes(content.tobinarray(start=0, size=FLASH_BYTES)))
    partial.rename(image)


def _folder(name: str, sources: Iterable[Path], flags: Sequence[str]) -> Path:
    version = (
        subprocess.run(["avr-gcc", "--version"], capture_output=True, check=True).stdout if flags else b""
    )
    folder = cache() / f"{name}-{digest(sources, repr(flags).encode(), version)}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stderr}")
