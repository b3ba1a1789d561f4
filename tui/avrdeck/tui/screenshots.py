"""Pictures of the app: every character in its own cell, blocks and lines drawn as shapes.

Textual exports Rich's SVG, in which a renderer sets whole words and fonts leave gaps between block
glyphs; here that SVG is read cell by cell and drawn anew.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from xml.etree import ElementTree as ET

CELL_WIDTH, LINE_HEIGHT, RICH_FONT = 12.2, 24.4, 20
"""Rich's metrics: a cell is 0.61 and a line 1.22 of the font's height."""
MARGIN = 10.0
RICH_GROUND = "#292929"
"""What Rich paints where a terminal's own background shows."""
FONT = "DejaVu Sans Mono, Menlo, Consolas, monospace"
_STYLE = re.compile(r"\.(\S+)\s*\{([^}]*)\}")
_SVG = "{http://www.w3.org/2000/svg}"

BLOCKS = {
    "█": (0, 0, 1, 1), "▀": (0, 0, 1, 0.5), "▄": (0, 0.5, 1, 0.5), "▌": (0, 0, 0.5, 1), "▐": (0.5, 0, 0.5, 1),
    "▁": (0, 0.875, 1, 0.125), "▔": (0, 0, 1, 0.125), "▎": (0, 0, 0.25, 1), "▊": (0, 0, 0.75, 1),
    "▕": (0.875, 0, 0.125, 1), "▏": (0, 0, 0.125, 1), "▍": (0, 0, 0.375, 1), "▂": (0, 0.75, 1, 0.25),
    "▃": (0, 0.625, 1, 0.375), "▅": (0, 0.375, 1, 0.625), "▆": (0, 0.25, 1, 0.75), "▇": (0, 0.125, 1, 0.875),
}  # fmt: skip
"""Block glyphs as (x, y, width, height) in cells."""
SHADES = {"░": 0.25, "▒": 0.55, "▓": 0.8}
LINES = {
    "─": "lr", "━": "LR", "│": "ud", "┃": "UD", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "├": "rud",
    "┤": "lud", "┬": "lrd", "┴": "lru", "┼": "lrud", "┏": "RD", "┓": "LD", "┗": "RU", "┛": "LU",
    "╸": "L", "╺": "R",
}  # fmt: skip
"""Line glyphs by the arms they have; capitals are heavy."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character and how it looks. Column and line count cells."""

    column: int
    line: int
    text: str
    fill: str
    bold: bool
    underline: bool


def redrawn(rich_svg: str) -> str:
    """The picture in Rich's SVG, drawn cell by cell."""
    root = ET.fromstring(rich_svg)  # noqa: S314 - our own export
    styles = {
        name: body for sheet in root.iter(f"{_SVG}style") for name, body in _STYLE.findall(sheet.text or "")
    }
    glyphs = list(_glyphs(root, styles))
    grounds = list(_grounds(root))
    width, height = (extent + 2 * MARGIN for extent in _extent(root))
    body = [_ground(*ground) for ground in grounds] + [shape for glyph in glyphs for shape in _drawn(glyph)]
    paper = _paper(grounds, (width - 2 * MARGIN) / CELL_WIDTH * (height - 2 * MARGIN) / LINE_HEIGHT)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {height:.1f}">\n'
        f'<rect width="100%" height="100%" fill="{paper}"/>\n'
        f'<g transform="translate({MARGIN} {MARGIN})" font-family="{FONT}" font-size="{RICH_FONT}" '
        f'text-anchor="middle" xml:space="preserve">\n' + "\n".join(body) + "\n</g>\n</svg>\n"
    )


def _extent(root: ET.Element) -> tuple[float, float]:
    """Width and height of the terminal in Rich's picture."""
    for clip in root.iter(f"{_SVG}clipPath"):
        if clip.get("id", "").endswith("-clip-terminal"):
            rect = clip[0]
            return float(rect.get("width", "0")) + 1, float(rect.get("height", "0")) + 1
    raise ValueError("not a picture of Rich's")


def _paper(grounds: list[tuple[float, int, float, str]], cells: float) -> str:
    """The colour of the margins: the commonest background, Rich's own where most cells have none."""
    area: Counter[str] = Counter()
    for _, _, wide, fill in grounds:
        area[fill] += round(wide)
    fill, most = area.most_common(1)[0] if area else (RICH_GROUND, 0)
    return fill if most > cells / 4 else RICH_GROUND


def _grounds(root: ET.Element) -> Iterator[tuple[float, int, float, str]]:
    """Background rectangles as (column, line, columns, colour)."""
    for rect in root.iter(f"{_SVG}rect"):
        if rect.get("shape-rendering") == "crispEdges":
            x, y, wide = (float(rect.get(name, "0")) for name in ("x", "y", "width"))
            yield x / CELL_WIDTH, round((y - 1.5) / LINE_HEIGHT), wide / CELL_WIDTH, rect.get("fill", "#000")


def _glyphs(root: ET.Element, styles: dict[str, str]) -> Iterator[Glyph]:
    from rich.cells import get_character_cell_size

    for text in root.iter(f"{_SVG}text"):
        style = styles.get(text.get("class", ""), "")
        if "clip-path" not in text.attrib or not text.text:
            continue
        column = round(float(text.get("x", "0")) / CELL_WIDTH)
        line = round((float(text.get("y", "0")) - RICH_FONT) / LINE_HEIGHT)
        fill = re.search(r"fill:\s*([^;]+)", style)
        colour = fill[1].strip() if fill else "#ffffff"
        for character in text.text:
            if character not in {"\N{NO-BREAK SPACE}", " ", "\n"}:
                yield Glyph(column, line, character, colour, "bold" in style, "underline" in style)
            column += get_character_cell_size(character)


def _ground(column: float, line: int, columns: float, fill: str) -> str:
    return _rect((column * CELL_WIDTH, line * LINE_HEIGHT), (columns * CELL_WIDTH, LINE_HEIGHT), fill)


def _rect(at: tuple[float, float], size: tuple[float, float], fill: str, opacity: float = 1) -> str:
    (x, y), (width, height) = at, size
    faint = f' fill-opacity="{opacity}"' if opacity < 1 else ""
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{fill}"{faint} '
        'shape-rendering="crispEdges"/>'
    )


def _drawn(glyph: Glyph) -> Iterator[str]:
    x, y = glyph.column * CELL_WIDTH, glyph.line * LINE_HEIGHT
    if glyph.text in BLOCKS:
        left, top, wide, high = BLOCKS[glyph.text]
        corner = (x + left * CELL_WIDTH, y + top * LINE_HEIGHT)
        yield _rect(corner, (wide * CELL_WIDTH, high * LINE_HEIGHT), glyph.fill)
    elif glyph.text in SHADES:
        yield _rect((x, y), (CELL_WIDTH, LINE_HEIGHT), glyph.fill, SHADES[glyph.text])
    elif glyph.text in LINES:
        yield from _lines(x, y, LINES[glyph.text], glyph.fill)
    else:
        bold = ' font-weight="bold"' if glyph.bold else ""
        place = f'x="{x + CELL_WIDTH / 2:.2f}" y="{y + 18.5:.2f}"'
        yield f'<text {place} fill="{glyph.fill}"{bold}>{escape(glyph.text)}</text>'
    if glyph.underline:
        yield _rect((x, y + 21.5), (CELL_WIDTH, 1.5), glyph.fill)


def _lines(x: float, y: float, arms: str, fill: str) -> Iterator[str]:
    across, down = x + CELL_WIDTH / 2, y + LINE_HEIGHT / 2
    for arm in arms:
        thick = 3.2 if arm.isupper() else 1.4
        half = thick / 2
        across_length, down_length = CELL_WIDTH / 2 + half, LINE_HEIGHT / 2 + half
        match arm.lower():
            case "l":
                yield _rect((x, down - half), (across_length, thick), fill)
            case "r":
                yield _rect((across - half, down - half), (across_length, thick), fill)
            case "u":
                yield _rect((across - half, y), (thick, down_length), fill)
            case _:
                yield _rect((across - half, down - half), (thick, down_length), fill)


def png(svg: str) -> bytes:
    """A picture of `redrawn` as PNG; needs the package resvg-py."""
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=svg))


def write(rich_svg: str, file: Path) -> None:
    """Write a picture as ``file``.svg and ``file``.png."""
    picture = redrawn(rich_svg)
    file.with_suffix(".svg").write_text(picture, "utf-8")
    file.with_suffix(".png").write_bytes(png(picture))
