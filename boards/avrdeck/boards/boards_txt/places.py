"""Where Arduino cores are installed."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from avrdeck.boards.text import printable

_MAX_CORES = 200
"""Found in one folder at most."""

_LAYOUTS = (
    ".",
    # Boards manager of Arduino IDE 2, arduino-cli and IDE 1.
    "packages/*/hardware/avr/*",
    # IDE 1's own, Debian's, and hand-installed ones in the sketchbook.
    "hardware/*/avr",
    # PlatformIO.
    "packages/framework-arduino-avr*",
    "packages/framework-arduinoavr*",
    # A clone of a core's repository.
    "avr",
)
"""A core's folder inside a place, as glob patterns; a core is a folder with a boards.txt."""

_ROOTS = {
    "linux": (
        "~/.arduino15", "~/snap/arduino/current/.arduino15", "~/Arduino", "~/sketchbook", "~/.platformio",
        "~/arduino-1*", "/opt/arduino*", "/usr/local/share/arduino", "/usr/share/arduino",
    ),
    "darwin": (
        "~/Library/Arduino15", "~/Documents/Arduino", "~/.platformio",
        "/Applications/Arduino.app/Contents/Java", "~/Applications/Arduino.app/Contents/Java",
    ),
    "win32": (
        "~/AppData/Local/Arduino15", "~/Documents/Arduino", "~/.platformio",
        "~/Documents/ArduinoData", "C:/Program Files (x86)/Arduino", "C:/Program Files/Arduino",
    ),
}  # fmt: skip

_VARIABLES = ("ARDUINO_DIRECTORIES_DATA", "ARDUINO_DIRECTORIES_USER", "PLATFORMIO_CORE_DIR")
"""By these arduino-cli and PlatformIO are told to use other folders."""


def usual() -> tuple[Path, ...]:
    """The places of this system that exist, those of the user first."""
    patterns = [os.environ[name] for name in _VARIABLES if os.environ.get(name)]
    patterns += _ROOTS.get(sys.platform, _ROOTS["linux"])
    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(os.path.expanduser(pattern))  # noqa: PTH111 - without a home it stays as it is
        matches = path.parent.glob(path.name) if "*" in path.name else [path]
        found |= dict.fromkeys(sorted((match for match in matches if match.is_dir()), key=newest_first))
    return tuple(found)


def core_folders(places: Iterable[Path]) -> Iterator[Path]:
    """The folders of all cores in ``places``, each once, the newest version of a core first."""
    seen = set()
    for place in places:
        count = 0
        for layout in _LAYOUTS:
            folders = [place] if layout == "." else sorted(place.glob(layout), key=newest_first)
            for folder in folders:
                resolved = _resolved(folder)
                if resolved is None or resolved in seen or not (resolved / "boards.txt").is_file():
                    continue
                if count >= _MAX_CORES:
                    return
                seen.add(resolved)
                count += 1
                yield resolved


def newest_first(path: Path) -> tuple[str, tuple[int, ...]]:
    """Sort key: by parent folder, then by the numbers in the name, highest first."""
    return str(path.parent), tuple(-int(number) for number in re.findall(r"\d{1,9}", path.name))


def package(folder: Path) -> str:
    """Who made the core, from where it lies: ``arduino`` for ``…/packages/arduino/hardware/avr/1.8.6``."""
    parts = folder.parts
    framework = re.fullmatch(r"framework-arduino-?avr-?(\w*)(@.*)?", parts[-1])
    if framework:
        name = framework[1] or "arduino"
    elif len(parts) > 3 and parts[-3] == "hardware":
        name = parts[-4] if parts[-2] == "avr" else parts[-2]
    else:
        name = folder.parent.name if parts[-1] == "avr" else folder.name
    return printable(name) or "unknown"


def _resolved(path: Path) -> Path | None:
    """The path without links; `None` for links that go in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return None
