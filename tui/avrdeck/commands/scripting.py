"""``script``, ``let``, ``expect``, ``note``: commands in a file."""

from __future__ import annotations

from pathlib import Path

import click

from avrdeck.commands.deck import Deck
from avrdeck.commands.verb import verb
from avrdeck.protocol.errors import InputFault, UsageFault, VerifyError

MAX_SCRIPT = 1_000_000
"""Bytes of a script; nobody writes more by hand."""


@verb("script")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option(
    "-D", "--define", "defined", multiple=True, metavar="NAME=VALUE", help="Set a variable beforehand."
)
async def script(deck: Deck, file: Path, defined: tuple[str, ...]) -> None:
    """Run the commands in FILE in one session, a line each, and stop at the first failure.

    Lines may hold comments (#) and variables ($NAME, set by `let` or -D). `expect TEXT` fails unless
    the result before it contains TEXT.

    \b
    avrdeck script factory.txt -P sim: -D BOARD=uno
    """
    from avrdeck.commands.interpreter import Interpreter

    for definition in defined:
        name, equals, value = definition.partition("=")
        if not equals:
            raise UsageFault(f"{definition!r} defines nothing", advice="Write -D NAME=VALUE.")
        deck.session.variables[name] = value
    lines = _lines(file)
    kept, deck.session.keep = deck.session.keep, True
    try:
        await Interpreter(deck).run_lines(lines, file.name)
    finally:
        deck.session.keep = kept
        if not kept:
            await deck.session.disconnect()


@verb("let")
@click.argument("name")
@click.argument("value", nargs=-1, required=True)
async def let(deck: Deck, name: str, value: tuple[str, ...]) -> None:
    """Set a variable: $NAME stands for VALUE in the lines that follow.

    \b
    let part m328p
    """
    if not name.isidentifier() or not name.isascii():
        raise UsageFault(f"{name!r} is no name for a variable", advice="Use letters, digits and _.")
    deck.session.variables[name] = " ".join(value)
    deck.out.result(f"{name} = {' '.join(value)}", {name: " ".join(value)})


@verb("expect")
@click.argument("text", nargs=-1, required=True)
async def expect(deck: Deck, text: tuple[str, ...]) -> None:
    """Fail unless the result before contains TEXT.

    \b
    expect 1E 95 0F
    """
    wanted = " ".join(text)
    if wanted not in deck.session.last_text:
        shown = deck.session.last_text.splitlines()[0][:80] if deck.session.last_text else "nothing"
        raise VerifyError(
            "result", [], f"Expected {wanted!r}", detail=f"The result before begins with {shown!r}."
        )


@verb("note")
@click.argument("text", nargs=-1)
async def note(deck: Deck, text: tuple[str, ...]) -> None:
    """Show TEXT, to mark a place in a session or script.

    \b
    note now the fuses
    """
    deck.out.note(" ".join(text))


def _lines(file: Path) -> list[str]:
    try:
        if file.stat().st_size > MAX_SCRIPT:
            raise InputFault(f"{file} is too long for a script")
        return file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise InputFault(f"{file} is not text", detail=f"Byte {error.start} is no UTF-8.") from error
    except OSError as error:
        raise InputFault(f"{file} cannot be read", detail=f"The system says: {error.strerror}.") from error
