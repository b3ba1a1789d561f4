"""What can stand at the cursor of a command line: names, options and the values they take."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from click.shell_completion import ShellComplete

from avrdeck.commands.completions import MOST, completing_on
from avrdeck.commands.deck import Deck
from avrdeck.commands.interpreter import words
from avrdeck.commands.tree import FACES, VERBS, avrdeck
from avrdeck.protocol.errors import UsageFault


def candidates(deck: Deck, text: str) -> Iterable[tuple[str, str, int]]:
    """(word, explanation, how many characters it replaces) for what is typed so far."""
    try:
        typed = words(text)
    except UsageFault:
        return
    incomplete = "" if not typed or text[-1:].isspace() else typed.pop()
    if typed[:1] in (["help"], ["?"]):
        typed = typed[1:]
    if typed and typed[0] not in {*VERBS, *FACES}:
        return
    with completing_on(deck):
        for item in ShellComplete(avrdeck, {}, "avrdeck", "_AVRDECK").get_completions(typed, incomplete):
            if item.type == "plain":
                yield item.value, item.help or "", len(incomplete)
            else:
                yield from _files(incomplete)


def _files(incomplete: str) -> Iterable[tuple[str, str, int]]:
    """Files and folders that begin with what is typed; a name with a space comes in quotes."""
    folder, _, beginning = incomplete.rpartition("/")
    place = Path(folder or ("/" if incomplete.startswith("/") else ".")).expanduser()
    try:
        entries = sorted(place.iterdir())[:MOST]
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(beginning) and entry.name.isprintable():
            name = (
                incomplete[: len(incomplete) - len(beginning)] + entry.name + ("/" if entry.is_dir() else "")
            )
            yield (f'"{name}"' if " " in name else name), "", len(incomplete)
