"""Files that hold memory images: asked for, read, written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from avrdeck.boards import images
from avrdeck.boards.images import Format, Image, ImageError
from avrdeck.protocol.errors import Fault
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.pathsuggester import PathSuggester
from avrdeck.tui.screens.dialogs import PromptScreen, Refusal

__all__ = ["Image", "load_prompt", "loaded", "save_prompt"]

BINARY_SUFFIXES = frozenset({".bin", ".raw"})
READABLE = BINARY_SUFFIXES | {".hex", ".ihex", ".ihx", ".elf"}
"""Files that are suggested; others can be typed."""


def loaded(text: str, memory: str, session: Session) -> Image | Refusal:
    """The image of a memory in the file that was typed, or why not."""
    if not text:
        return Refusal("type the file's name")
    try:
        return images.load(Path(text).expanduser(), memory, part=session.part)
    except ImageError as error:
        return Refusal(f"{error.title}: {error.what}")


def load_prompt(title: str, load: Callable[[Path], object]) -> PromptScreen:
    """Asks for a file that ``load`` takes, or refuses by `ImageError` or `Fault`. Dismisses with its name."""

    def take(text: str) -> object:
        if not text:
            return Refusal("type the file's name")
        try:
            load(Path(text).expanduser())
        except ImageError as error:
            return Refusal(f"{error.title}: {error.what}")
        except Fault as fault:
            return Refusal(fault.title)
        return text

    note = "tab completes, enter takes it, esc leaves"
    return PromptScreen(
        title, take, hint="file.hex, .elf or .bin", note=note, suggester=PathSuggester(READABLE)
    )


def save_prompt(session: Session, image: Image) -> PromptScreen:
    """Asks where to save an image; a file that exists needs its name twice. Dismisses with the `Path`."""
    part = session.part.name.lower() if session.part else "chip"
    confirmed: set[Path] = set()

    def take(text: str) -> object:
        path = Path(text).expanduser()
        if not text:
            return Refusal("type the file's name")
        if path.exists() and path not in confirmed:
            confirmed.add(path)
            return Refusal("it exists: enter again replaces it")
        kind = Format.BINARY if path.suffix.lower() in BINARY_SUFFIXES else Format.HEX
        try:
            images.save(image, path, kind)
        except ImageError as error:
            return Refusal(f"{error.title}: {error.what}")
        return path

    note = "Intel HEX; raw bytes when it ends in .bin"
    name = f"{part}-{image.memory}.hex"
    return PromptScreen(f"Save {image.memory} as", take, name, note=note, suggester=PathSuggester())
