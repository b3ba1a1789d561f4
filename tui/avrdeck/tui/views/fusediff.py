"""Staged fuse bytes as rows: bits old and new, and in words what the changed fields mean."""

from __future__ import annotations

from rich.cells import cell_len

from avrdeck.tui.draft import Draft
from avrdeck.tui.views.fusegrid import GUTTER
from avrdeck.tui.views.fuserows import bit_header, byte_row, change
from avrdeck.tui.views.ink import Pen, Row, clipped

BITS_END = 48
"""Where a byte's bits end, and the words on its changed fields begin."""
BELOW = GUTTER + 1
"""Where they begin in a line of their own."""


def rows(draft: Draft, width: int) -> list[Row]:
    """Every staged byte, then the others in one line."""
    painted = [bit_header(width, factory=False)]
    for memory in draft.staged:
        painted += _changed(draft, memory, width)
    same = [f"{name} {draft.value(name):02X}" for name in draft.part.fuses if name not in draft.staged]
    pen = Pen(width).put("unchanged  ", "disabled", at=GUTTER).put("   ".join(same), "muted")
    return [*painted, pen.row()]


def _changed(draft: Draft, memory: str, width: int) -> list[Row]:
    """The byte with its bits, and its changed fields: beside it where there is room for all, else below."""
    pens = [Pen(width, BITS_END, list(byte_row(draft, memory, None, min(width, BITS_END + 2)).runs))]
    words = _words(draft, memory)
    if sum(cell_len(name + old + new) + 3 for name, old, new in words) > width - BITS_END:
        pens.append(Pen(width, at=BELOW))
    for name, old, new in words:
        if BELOW < pens[-1].at > width - cell_len(name + old + new) - 3:
            pens.append(Pen(width, at=BELOW))
        pen = pens[-1].put(f" {name} ", "warning bold").put(f"{old} ".lstrip(), "muted")
        pen.put(clipped(new, width - pen.at), "warning bold").at += 1
    return [pen.row(band=True) for pen in pens]


def _words(draft: Draft, memory: str) -> list[tuple[str, str, str]]:
    """Name, old and new value of each field that changes."""
    both = [(draft.state_before(bits), draft.state(bits)) for bits in draft.part.fuses[memory].fields]
    return [(now.field.name, *change(before, now)) for before, now in both if before != now]
