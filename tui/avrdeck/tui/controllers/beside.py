"""What a memory is compared with: one of the backups that hold it, or a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from textual.app import App

from avrdeck.boards.images import Image
from avrdeck.jobs.backup import files as backups
from avrdeck.jobs.backup.model import Header
from avrdeck.jobs.backup.store import Store
from avrdeck.protocol.errors import Fault
from avrdeck.tui import messages
from avrdeck.tui.controllers import files
from avrdeck.tui.controllers.remembering import chip_of
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.pages import PageMap
from avrdeck.tui.screens.dialogs import ChooseScreen, Option

SAME = {True: "this chip", False: "another chip", None: "perhaps this chip"}


NOTHING = "nothing"
"""The choice to hold nothing beside the memory any more."""


def ask(
    app: App[Any],
    session: Session,
    pages: PageMap,
    shown: Callable[[Image | None], object] | None = None,
) -> None:
    """Ask for a backup or a file, and hold it beside a memory; ``shown`` is told of it, as is the deck."""

    async def offer() -> None:
        options = await asyncio.to_thread(_options, session, pages)
        hint = "a backup from the list, or a file: sketch.hex, .elf or .bin"
        free = partial(files.loaded, memory=pages.memory, session=session)
        app.push_screen(ChooseScreen(f"Compare {pages.memory} with", options, free, hint), take)

    def take(value: object) -> None:
        if isinstance(value, Path):
            app.run_worker(load(value), group="compare", exclusive=True)
        elif isinstance(value, Image) or value == NOTHING:
            hold(value if isinstance(value, Image) else None)

    async def load(path: Path) -> None:
        try:
            hold(await asyncio.to_thread(saved_image, path, pages.memory))
        except Fault as fault:
            session.post(messages.Failed(fault))

    def hold(image: Image | None) -> None:
        pages.compare(image)
        session.changed()
        if shown:
            shown(image)

    app.run_worker(offer(), group="compare", exclusive=True)


def saved_image(path: Path, memory: str) -> Image:
    """The memory in a backup, named so that a person knows which; raises `BadBackup`."""
    backup = backups.load(path)
    return Image.of(backup.memories[memory], file=name_of(backup.header), memory=memory)


def name_of(header: Header) -> str:
    """``backup 0f068110 of 2026-01-02 12:00``, with its label."""
    label = f" {header.label}" if header.label else ""
    return f"backup {header.content_id} of {header.made:%Y-%m-%d %H:%M}{label}".replace("/", "-")


def _options(session: Session, pages: PageMap) -> Sequence[Option]:
    """The backups of this part that hold the memory, those of this very chip first."""
    chip = chip_of(session)
    found = []
    for listed in Store().listing() if chip else ():
        header = listed.header
        if chip and header and header.chip.part == chip.part and pages.memory in header.memories:
            same = chip.same(header.chip)
            named = header.label or header.chip.serial_text
            told = f"{SAME[same]}  {named}  {header.content_id}"
            option = Option(listed.path, f"{header.made:%Y-%m-%d %H:%M}", told)
            found.append((same is False, option))
    options = [option for _, option in sorted(found, key=lambda pair: pair[0])]
    if pages.other:
        options.append(Option(NOTHING, "nothing", "end the comparison"))
    return options or [Option(None, "no backup of this part yet", "type a file's name")]
