"""Reads one board's properties as values, and collects what is wrong with them."""

from __future__ import annotations

from pathlib import Path

from avrdeck.boards import catalog
from avrdeck.boards.boards import BoardFinding
from avrdeck.boards.boards_txt import properties
from avrdeck.boards.models import Part

FUSE_KEYS = {
    "lfuse": "bootloader.low_fuses",
    "hfuse": "bootloader.high_fuses",
    "efuse": "bootloader.extended_fuses",
}
MAX_USB_IDS = 64


class Reader:
    """The properties of a board with its menus set, templates expanded on demand."""

    def __init__(self, folder: Path, values: dict[str, str]) -> None:
        self.findings: list[BoardFinding] = []
        self._folder = folder
        self._values = values
        self._part: Part | None = None

    def text(self, key: str) -> str | None:
        """The expanded value; `None` when it is not there or empty."""
        value, problem = properties.expand(self._values.get(key, ""), self._values)
        if problem:
            self._report(key, problem)
        return value or None

    def number(self, key: str) -> int | None:
        """The value as a number."""
        text = self.text(key)
        value = properties.number(text) if text else None
        if text and value is None and "{" not in text:
            self._report(key, f"is no number: {text[:40]}")
        return value

    def byte(self, key: str) -> int | None:
        """The value as a byte."""
        value = self.number(key)
        if value is not None and value > 0xFF:
            self._report(key, f"does not fit in a byte: 0x{value:X}")
            return None
        return value

    def part(self) -> str | None:
        """The part's name in the catalogue."""
        mcu = self.text("build.mcu")
        if not mcu:
            self._report("build.mcu", "is not stated")
            return None
        try:
            self._part = catalog.part(mcu)
        except catalog.UnknownPart:
            self._report("build.mcu", f"is a part that cannot be programmed by ISP, or none: {mcu[:40]}")
            return None
        return self._part.name

    def fuses(self) -> dict[str, int]:
        """The fuse bytes by the part's own names; to be read after the part."""
        found = {}
        for fuse, key in FUSE_KEYS.items():
            value = self.byte(key)
            name = fuse
            if self._part and fuse == "lfuse" and "fuse" in self._part.fuses:
                name = "fuse"
            if value is not None and self._part and name not in self._part.fuses:
                self._report(key, f"is ignored: {self._part.name} has no {fuse}")
            elif value is not None:
                found[name] = value
            elif self._part and name in self._part.fuses:
                self._report(key, f"gives no value: {name} is left as it is")
        return found

    def bootloader(self) -> tuple[str | None, Path | None]:
        """The bootloader as stated, and its file if it is one inside the core's folder."""
        stated = self.text("bootloader.file")
        if not stated or "{" in stated:
            return stated, None
        if old_style := self.text("bootloader.path"):
            stated = f"{old_style}/{stated}"
        try:
            path = (self._folder / "bootloaders" / stated).resolve(strict=True)
        except (OSError, ValueError, RuntimeError):
            self._report("bootloader.file", f"is not installed: {stated[:200]}")
            return stated, None
        if not path.is_relative_to(self._folder) or not path.is_file():
            self._report("bootloader.file", f"is not a file of the core, and is not used: {stated[:200]}")
            return stated, None
        return stated, path

    def usb_ids(self) -> tuple[tuple[int, int], ...]:
        """USB vendor and product ids."""
        found: dict[tuple[int, int], None] = {}
        for index in range(MAX_USB_IDS):
            for prefix in ("", "upload_port."):
                vendor, product = self._usb_keys(prefix, index)
                ids = (self._values.get(vendor, ""), self._values.get(product, ""))
                numbers = [properties.number(text) for text in ids]
                if numbers[0] is not None and numbers[1] is not None:
                    found[numbers[0], numbers[1]] = None
        return tuple(found)

    @staticmethod
    def _usb_keys(prefix: str, index: int) -> tuple[str, str]:
        if prefix:
            return f"{prefix}{index}.vid", f"{prefix}{index}.pid"
        return f"vid.{index}", f"pid.{index}"

    def _report(self, key: str, problem: str) -> None:
        finding = BoardFinding(key, f"{key} {problem}")
        if finding not in self.findings:
            self.findings.append(finding)
