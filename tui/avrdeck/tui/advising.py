"""Advice in the words of the command line, said again in the app's: by a key, or a line of its console.

Jobs and commands advise as they are used most, by commands and their options; here is what those are in
the app. Keys stand in braces, as ids of `avrdeck.tui.actions`.
"""

from __future__ import annotations

import re

from avrdeck.commands.advising import COMMAND
from avrdeck.tui.actions import by_id

KEYS = {
    "avrdeck burn --resume": "{burn.resume} on the burn screen ({deck.burn}); or burn --resume in the "
    "console ({deck.console})",
    "avrdeck restore": "{backups.restore} in the backups ({deck.backups})",
    "avrdeck backups list": "the list of backups ({deck.backups})",
    "avrdeck inventory list": "the inventory ({deck.inventory})",
    "avrdeck parts": "{deck.part} on the deck",
    "avrdeck ports": "{deck.port} on the deck",
    "with fuse set and fuse write": "in the fuse editor ({deck.fuses}), and write them with {deck.write}",
    "connect and dialect go on from here": "{doctor.connect} connects",
    "name the sketch's own speed with -b": "choose the sketch's own speed in the connection "
    "({deck.connection})",
    "Choose another -b": "Choose another baud rate in the connection ({deck.connection})",
    "with -p": "with {deck.part} on the deck",
    "Try another --reset, or name the speed with -b; doctor says": "Try another reset ({upload.reset}), or "
    "name the speed ({upload.speed}); the doctor ({deck.doctor} on the deck) says",
    "use --isp": "choose the way over ISP with {upload.way}",
    " another file, or take deckboot": " another file ({burn.file}), or take deckboot ({burn.deckboot})",
    " another file; or take deckboot": " another file ({burn.file}); or take deckboot ({burn.deckboot})",
    "Name the board with --board": "Name the board with {upload.board}",
}
"""What there is a key for."""
_KEY = re.compile(r"\{([a-z_.]+)\}")
_BEGINS = re.compile(r"(?:^|(?<=[.?!] ))[a-z](?=[a-z])")


def in_app(advice: str) -> str:
    """``advice`` for whoever sits before the app: keys where there are some, else commands of its console."""
    said = advice
    for words, keys in KEYS.items():
        said = said.replace(words, _KEY.sub(_shown, keys))
    said = COMMAND.sub(rf"\2 in the console ({_key('deck.console')})", said)
    return said if said == advice else _BEGINS.sub(lambda begin: begin[0].upper(), said)


def _shown(found: re.Match[str]) -> str:
    return _key(found[1])


def _key(identifier: str) -> str:
    action = by_id(identifier)
    return action.key_text if action else ""
