"""A screen as text that a reviewer can read: what every cell shows, and how."""

from itertools import groupby
from xml.etree import ElementTree as ET

from avrdeck.tui import screenshots

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def grid(rich_svg: str) -> tuple[list[str], list[str]]:
    """The characters line by line, and their looks as runs (``a3`` is three of a) with a legend."""
    root = ET.fromstring(rich_svg)
    wide, high = screenshots._extent(root)
    columns, lines = round(wide / screenshots.CELL_WIDTH), round(high / screenshots.LINE_HEIGHT)
    text = [[" "] * columns for _ in range(lines)]
    front = [[""] * columns for _ in range(lines)]
    back = [[""] * columns for _ in range(lines)]
    styles = {
        name: body for sheet in root.iter("{http://www.w3.org/2000/svg}style")
        for name, body in screenshots._STYLE.findall(sheet.text or "")
    }  # fmt: skip
    for column, line, count, fill in screenshots._grounds(root):
        for at in range(round(column), min(round(column + count), columns)):
            back[line][at] = fill
    for glyph in screenshots._glyphs(root, styles):
        text[glyph.line][glyph.column] = glyph.text
        front[glyph.line][glyph.column] = (
            f"{glyph.fill}{' bold' * glyph.bold}{' underline' * glyph.underline}"
        )
    looks = [[f"{f} on {b}" for f, b in zip(*pair, strict=True)] for pair in zip(front, back, strict=True)]
    legend = {look: LETTERS[n] for n, look in enumerate(sorted({look for row in looks for look in row}))}
    runs = [[(legend[look], len(list(cells))) for look, cells in groupby(row)] for row in looks]
    styled = ["".join(f"{mark}{count}" for mark, count in row) for row in runs]
    return ["".join(row).rstrip() for row in text], [
        *styled,
        *(f"{mark} {look}" for look, mark in legend.items()),
    ]
