"""The ``key=value`` lines of boards.txt and platform.txt (Arduino platform specification)."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from avrdeck.boards.boards import BoardFinding
from avrdeck.boards.text import printable

MAX_BYTES = 32 << 20
MAX_LINES = 500_000
"""Fifty times the largest core known."""
MAX_LINE = 8192
MAX_FINDINGS = 20
MAX_ROUNDS = 16
"""Templates nest two or three deep; a cycle never ends."""
MAX_EXPANDED = 16_384

_PLACEHOLDER = re.compile(r"\{([^{}]{1,200})\}")
_OS_SUFFIX = {"win32": ".windows", "darwin": ".macosx"}.get(sys.platform, ".linux")


@dataclass(frozen=True, slots=True)
class Properties:
    """What a file says, and what is wrong with it."""

    values: dict[str, str]
    findings: tuple[BoardFinding, ...] = ()


def read(path: Path) -> Properties:
    """The properties of a file; of one that cannot be read there are none but a finding."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        return Properties({}, (BoardFinding(path.name, f"{path.name} cannot be read: {error}"),))
    return parse(content, path.name)


def parse(content: bytes, file: str = "boards.txt") -> Properties:
    """The properties in ``content``: a later line wins, a key for this system replaces the plain one.

    Bytes that are not UTF-8 are read as Latin-1. What goes beyond a bound is left out and reported.
    """
    problems: list[str] = []
    if len(content) > MAX_BYTES:
        problems.append(f"{file} is larger than {MAX_BYTES >> 20} MiB: the rest is ignored")
    lines = content[:MAX_BYTES].removeprefix(b"\xef\xbb\xbf").splitlines()
    if len(lines) > MAX_LINES:
        problems.append(f"{file} has more than {MAX_LINES} lines: the rest is ignored")
    values: dict[str, str] = {}
    for number, raw in enumerate(lines[:MAX_LINES], 1):
        line = raw.strip()
        if not line or line.startswith(b"#"):
            continue
        key, equals, value = line.partition(b"=")
        if equals and key.strip() and len(line) <= MAX_LINE:
            values[_text(key.strip()).removesuffix(_OS_SUFFIX)] = _text(value.strip())
        else:
            what = f"longer than {MAX_LINE} bytes" if len(line) > MAX_LINE else "not key=value"
            problems.append(f"{file}, line {number}, is {what}: ignored")
    if len(problems) > MAX_FINDINGS:
        problems[MAX_FINDINGS:] = [f"{file} has {len(problems) - MAX_FINDINGS} more defects"]
    return Properties(values, tuple(BoardFinding(file, problem) for problem in problems))


def _text(raw: bytes) -> str:
    try:
        return printable(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return printable(raw.decode("latin-1"))


def expand(text: str, values: dict[str, str]) -> tuple[str, str]:
    """``text`` with every known ``{key}`` replaced, again and again, and what went wrong, if anything.

    Unknown keys stay as they stand; so does everything when keys refer to themselves in a circle or the
    result outgrows `MAX_EXPANDED`.
    """
    current = text
    for _ in range(MAX_ROUNDS):
        size = len(current)

        def known(match: re.Match[str]) -> str:
            nonlocal size
            found = values.get(match[1], match[0])
            size += len(found) - len(match[0])
            return found if size <= MAX_EXPANDED else match[0]

        expanded = _PLACEHOLDER.sub(known, current)
        if size > MAX_EXPANDED:
            return text, f"grows beyond {MAX_EXPANDED} characters when expanded"
        if expanded == current:
            unknown = sorted(set(_PLACEHOLDER.findall(current)))
            return current, f"refers to {', '.join(unknown[:5])}, which nothing defines" if unknown else ""
        current = expanded
    circle = sorted({key for key in _PLACEHOLDER.findall(current) if key in values})
    return text, f"refers to itself through {', '.join(circle[:5])}"


def number(text: str) -> int | None:
    """A number as the cores write it: ``0xFF``, ``0b1010``, ``16000000L``, ``8000000UL``; else `None`."""
    match = re.fullmatch(r"(0[xX][0-9A-Fa-f]{1,8}|0[bB][01]{1,32}|0|[1-9][0-9]{0,9})[uU]?[lL]{0,2}", text)
    return int(match[1], 0) if match else None
