"""The themes by name. Nothing else in the app names a colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from rich.color import Color as Ink
from textual.color import Color
from textual.theme import Theme

DARK = "avrdeck-dark"
LIGHT = "avrdeck-light"
MONO = "avrdeck-mono"
SIXTEEN = "avrdeck-16"
PLAIN = "avrdeck-plain"
"""Where ``NO_COLOR`` is set: attributes only. It is not offered where colours are wanted."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours that avrdeck paints with."""

    background: str
    panel: str
    text: str
    muted: str
    disabled: str
    accent: str
    success: str
    warning: str
    error: str


PALETTES = {
    DARK: Palette(
        "#0e1217", "#1a2129", "#d9dee4", "#8d97a2", "#545e69", "#62b6cb", "#8bbf7f", "#e0ab5d", "#e66c75"
    ),
    LIGHT: Palette(
        "#fbfbf8", "#ecece6", "#23262b", "#5c656e", "#a2a7ac", "#0a6a83", "#2e7d32", "#8a5900", "#b3261e"
    ),
    MONO: Palette(
        "#000000", "#000000", "#d0d0d0", "#8e8e8e", "#5f5f5f", "#ffffff", "#d0d0d0", "#ffffff", "#ffffff"
    ),
    SIXTEEN: Palette(
        "ansi_default",
        "ansi_default",
        "ansi_default",
        "ansi_default",
        "ansi_bright_black",
        "ansi_cyan",
        "ansi_green",
        "ansi_yellow",
        "ansi_red",
    ),
}


@dataclass(frozen=True, slots=True)
class Inks:
    """What sheets are painted with: a colour a role of `avrdeck.tui.views.ink`, and that of a band."""

    of: Mapping[str, Ink]
    panel: Ink


@cache
def inks(name: str) -> Inks:
    """The inks of the theme of that name. A style sheet would look them up anew for each widget."""
    palette = PALETTES.get(SIXTEEN if name == PLAIN else name, PALETTES[DARK])
    roles = ("text", "muted", "disabled", "accent", "success", "warning", "error")
    return Inks({role: _ink(getattr(palette, role)) for role in roles}, _ink(palette.panel))


def _ink(colour: str) -> Ink:
    return Color.parse(colour).rich_color


def themes() -> tuple[Theme, ...]:
    """Every theme of avrdeck, the default first."""
    offered = [_theme(name, palette) for name, palette in PALETTES.items()]
    return *offered, _theme(PLAIN, PALETTES[SIXTEEN], cursor="reverse")


def _theme(name: str, palette: Palette, cursor: str = "none") -> Theme:
    return Theme(
        name=name,
        ansi=name in {SIXTEEN, PLAIN},
        dark=name != LIGHT,
        primary=palette.accent,
        secondary=palette.accent,
        accent=palette.accent,
        success=palette.success,
        warning=palette.warning,
        error=palette.error,
        foreground=palette.text,
        background=palette.background,
        surface=palette.background,
        panel=palette.panel,
        boost=palette.panel,
        variables={
            "ansi-background": "ansi_black",
            "ansi-foreground": "ansi_white",
            "text-muted": palette.muted,
            "text-disabled": palette.disabled,
            "border": palette.accent,
            "border-blurred": palette.disabled,
            "block-cursor-background": palette.accent,
            "block-cursor-foreground": palette.background,
            "block-cursor-text-style": "bold" if cursor == "none" else f"bold {cursor}",
            "input-cursor-background": palette.accent,
            "input-cursor-foreground": palette.background,
            "input-cursor-text-style": cursor,
            "input-selection-background": palette.disabled,
            "scrollbar": palette.disabled,
            "scrollbar-hover": palette.muted,
            "scrollbar-active": palette.accent,
            "scrollbar-background": palette.background,
            "scrollbar-background-hover": palette.background,
            "scrollbar-background-active": palette.background,
            "scrollbar-corner-color": palette.background,
        },
    )
