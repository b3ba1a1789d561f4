"""A board as a sheet of text, and as data for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from avrdeck.boards import safety
from avrdeck.boards.baud import best
from avrdeck.boards.boards import Board, Menu
from avrdeck.boards.catalog import part as find_part
from avrdeck.boards.fuses import UnknownSemantics, decode
from avrdeck.boards.labels import hz_label
from avrdeck.boards.models import Part
from avrdeck.boards.safety import Context, Fitted, Xtal1
from avrdeck.commands.reference.fusesheet import findings_text, summary
from avrdeck.commands.reference.layout import cut, labelled, size_text, wrapped

LONGEST = 400
"""Text of a core longer than this is cut: nobody reads it."""


def text(board: Board) -> str:
    """The sheet, at most 80 columns wide: what is burned, what it comes to, what is wrong with it."""
    part = find_part(board.part) if board.part else None
    rows = [
        ("Board", f"{board.name}, {board.id}"),
        ("From", board.source),
        ("Part", _part(board)),
        *((f"Menu {menu.id}", _menu(board, menu)) for menu in board.menus),
        ("Fuses", "  ".join(f"{name} {value:02X}" for name, value in board.fuses.items())),
        ("Lock", _lock(board)),
        ("Bootloader", _bootloader(board)),
        ("Upload", _upload(board)),
        ("Sketch", f"up to {size_text(board.maximum_size)}" if board.maximum_size else ""),
        ("USB", ", ".join(f"{vendor:04X}:{product:04X}" for vendor, product in board.usb_ids)),
    ]
    lines = labelled([(cut(label, 20), cut(said, LONGEST)) for label, said in rows if said])
    if part:
        lines += _meaning(board, part)
    lines += _defects(board)
    return "\n".join(lines)


def _part(board: Board) -> str:
    clock = f" at {hz_label(board.f_cpu_hz)}" if board.f_cpu_hz else ""
    return f"{board.part or 'none that ISP can program'}{clock}"


def _menu(board: Board, menu: Menu) -> str:
    chosen = board.menu[menu.id]
    others = [option.id for option in menu.options if option.id != chosen]
    label = next(option.label for option in menu.options if option.id == chosen)
    return f"{chosen} ({label})" + (f"; or {', '.join(others)}" if others else "")


def _lock(board: Board) -> str:
    unlock = [] if board.unlock is None else [f"{board.unlock:02X} to unlock"]
    lock = [] if board.lock is None else [f"{board.lock:02X} in the end"]
    return ", ".join(unlock + lock)


def _bootloader(board: Board) -> str:
    """As the core states it: below the ``bootloaders`` of its folder."""
    if not board.bootloader:
        return ""
    return f"{board.bootloader}, {'installed' if board.bootloader_file else 'not installed'}"


def _upload(board: Board) -> str:
    speed = f"{board.speed} baud" if board.speed else ""
    if board.speed and board.f_cpu_hz:
        rate = best(board.f_cpu_hz, board.speed)
        speed += f" ({rate.error:+.2f} % with a crystal, {rate.verdict.value})"
    return ", ".join(filter(None, [board.protocol, speed]))


def _meaning(board: Board, part: Part) -> list[str]:
    """What the bytes come to, and the findings; nothing where they are not known."""
    if not board.fuses:
        return []
    context = Context(xtal1=Xtal1(Fitted.UNKNOWN, board.f_cpu_hz))
    locked = {} if board.lock is None else {"lock": board.lock}
    try:
        decoded = decode(part, board.fuses, partial=True, xtal_hz=board.f_cpu_hz)
        findings = safety.review(part, None, {**board.fuses, **locked}, context)
    except UnknownSemantics as refusal:
        return ["", *wrapped(str(refusal))]
    return ["", *summary(part, board.fuses, decoded), "", *findings_text(findings)]


def _defects(board: Board) -> Iterator[str]:
    if board.findings:
        yield from ("", "Wrong in its description:")
    for finding in board.findings:
        yield from wrapped(cut(finding.message, LONGEST), "  ")


def menu_data(menus: Sequence[Menu]) -> dict[str, object]:
    """Menus for programs: id → title and options."""
    return {
        menu.id: {"title": menu.title, "options": {option.id: option.label for option in menu.options}}
        for menu in menus
    }


def data(board: Board) -> dict[str, object]:
    """Everything for programs."""
    return {
        "id": board.id,
        "name": board.name,
        "source": board.source,
        "part": board.part,
        "f_cpu_hz": board.f_cpu_hz,
        "fuses": dict(board.fuses),
        "unlock": board.unlock,
        "lock": board.lock,
        "bootloader": board.bootloader,
        "bootloader_file": str(board.bootloader_file) if board.bootloader_file else None,
        "protocol": board.protocol,
        "speed": board.speed,
        "maximum_size": board.maximum_size,
        "usb_ids": [list(pair) for pair in board.usb_ids],
        "menus": menu_data(board.menus),
        "menu": dict(board.menu),
        "findings": [{"key": finding.key, "message": finding.message} for finding in board.findings],
    }
