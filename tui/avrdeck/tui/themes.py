"""The themes by name. Nothing else in the app names a colour."""

from __future__ import annotations

from dataclasses import dataclass

from textual.theme import Theme

DARK = "avrdeck-dark"
LIGHT = "avrdeck-light"
MONO = "avrdeck-mono"
SIXTEEN = "avrdeck-16"


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


def themes() -> tuple[Theme, ...]:
    """Every theme of avrdeck, the default first."""
    return tuple(_theme(name, palette) for name, palette in PALETTES.items())


def _theme(name: str, palette: Palette) -> Theme:
    return Theme(
        name=name,
        ansi=name == SIXTEEN,
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
            "block-cursor-text-style": "bold",
            "input-cursor-background": palette.accent,
            "input-cursor-foreground": palette.background,
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
