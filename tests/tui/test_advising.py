"""Advice that is given for the command line, as the app says it."""

import ast
import re
from pathlib import Path

import pytest

import avrdeck.boards
import avrdeck.jobs
import avrdeck.protocol
from avrdeck.commands.advising import in_console
from avrdeck.commands.tree import VERBS
from avrdeck.jobs.burn.job import RESUME
from avrdeck.jobs.doctor.explaining import entries
from avrdeck.protocol.errors import Fault
from avrdeck.tui import actions
from avrdeck.tui.advising import KEYS, in_app
from avrdeck.tui.controllers.console import PaneOutput

COMMAND = re.compile(rf"\bavrdeck (?:{'|'.join(VERBS)})\b|(?<!\S)--?[a-zA-Z][a-z-]*\b")
"""A command of ours, or an option of one."""
IN_THE_CONSOLE = re.compile(r"[\w -]+ in the console")
ELSEWHERE = {
    "Erase the chip first, with -e.",
    "Give --serial too.",
    "Name a place, as in --serial-at flash:0x7DF0 or eeprom:0x3FC",
    "-U ",
    "It is Motorola S-record: convert it with avr-objcopy -O ihex.",
    "-O",
    "-inf",
}
"""Of commands and options that the app has no use for, and of other programs."""


OTHER_FACES = {"simulator", "tools", "firmware"}
"""Folders of what never speaks to a user of the app."""


def texts(module) -> set[str]:
    """Every text in a package's code, in pieces where something is filled in; no docstrings."""
    found: set[str] = set()
    for file in (file for folder in module.__path__ for file in Path(folder).rglob("*.py")):
        if OTHER_FACES & set(file.parts):
            continue
        nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
        said = {
            node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        alone = [node.value for node in nodes if isinstance(node, ast.Expr)]
        found |= said - {node.value for node in alone if isinstance(node, ast.Constant)}
    return found


@pytest.fixture(scope="module")
def written() -> set[str]:
    """What jobs, protocol, boards and the doctor say."""
    told = {text for entry in entries().values() for text in entry.values()}
    return told | texts(avrdeck.jobs) | texts(avrdeck.protocol) | texts(avrdeck.boards)


def test_no_command_line_is_advised_that_the_app_has_another_word_for(written):
    spoken = [text for text in written if " " in text and COMMAND.search(text)]
    assert len(spoken) > 10
    left = {text for text in spoken if COMMAND.search(IN_THE_CONSOLE.sub("", in_app(text)))}
    assert left <= ELSEWHERE


def test_every_key_is_for_something_that_is_said_and_there_is(written):
    others = Path(actions.__file__).parents[1] / "commands"
    said = "\n".join([*written, *(file.read_text("utf-8") for file in others.rglob("*.py"))])
    for words, keys in KEYS.items():
        assert words in said, words
        for identifier in re.findall(r"\{([^}]*)\}", keys):
            assert actions.by_id(identifier), identifier


@pytest.mark.parametrize(
    ("said", "app", "console"),
    [
        (
            RESUME,
            "Then go on from here: r on the burn screen (b); or burn --resume in the console (4).",
            "Then go on from here: burn --resume.",
        ),
        (
            "avrdeck backups list shows them.",
            "The list of backups (v) shows them.",
            "backups list shows them.",
        ),
        (
            "If its content may go: avrdeck erase. Nothing is wrong.",
            "If its content may go: erase in the console (4). Nothing is wrong.",
            "If its content may go: erase. Nothing is wrong.",
        ),
        ("Install avrdeck anew.", "Install avrdeck anew.", "Install avrdeck anew."),
        ("use it, or avrdeck reads it", "use it, or avrdeck reads it", "use it, or avrdeck reads it"),
    ],
)
def test_what_is_said(said, app, console):
    assert in_app(said) == app
    assert in_console(said) == console


def test_below_a_line_of_the_console_a_command_is_as_one_types_it_there():
    lines = []
    output = PaneOutput(None, lambda text, role: lines.append(text), None)
    output.fault(Fault("The burn was stopped", advice=RESUME))
    assert lines[-1].strip() == "Then go on from here: burn --resume."
