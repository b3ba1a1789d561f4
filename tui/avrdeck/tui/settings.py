"""The user's settings: a commented TOML file in the platform's folder."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from avrdeck.boards import wholefile
from avrdeck.tui import themes
from avrdeck.tui.actions import ACTIONS, Action

MAX_BYTES = 65_536
TEMPLATE = """\
# avrdeck: settings of the app. Delete the file to begin anew.

# {themes}
theme = "{theme}"

# The port to open when none is named; empty is the simulator.
port = "{port}"

# Other keys for actions: take the # away and change the keys, which commas part.
[keys]
{keys}"""


@dataclass
class Settings:
    """What the user chose. ``file`` is where it is kept, `None` keeps it nowhere.

    ``keys`` are other keys by action, ``strays`` those of no known action, which the file keeps.
    """

    theme: str = themes.DARK
    port: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    strays: Mapping[str, str] = field(default_factory=dict)
    file: Path | None = None
    complaint: str = ""

    @classmethod
    def load(cls, file: Path | None = None) -> Settings:
        """The settings in ``file``, by default the platform's; what cannot be used is left out and told."""
        if file is None:
            from platformdirs import user_config_path

            file = user_config_path("avrdeck") / "settings.toml"
        try:
            with file.open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
            if len(content) > MAX_BYTES:
                return cls(file=file, complaint=f"{file} is larger than {MAX_BYTES} bytes.")
            table = tomllib.loads(content.decode())
        except FileNotFoundError:
            return cls(file=file)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            return cls(file=file, complaint=f"{file} cannot be used: {error}")
        return cls._checked(table, file)

    @classmethod
    def _checked(cls, table: Mapping[str, object], file: Path) -> Settings:
        theme, port, keys = table.get("theme"), table.get("port"), table.get("keys")
        known = {action.id for action in ACTIONS}
        pairs = keys.items() if isinstance(keys, dict) else ()
        told = {str(name): _apart(key) for name, key in pairs if isinstance(key, str)}
        wanted = {name: key for name, key in told.items() if name in known and key}
        wrong = [str(name)[:40] for name, _ in pairs if name not in wanted]
        if theme is not None and theme not in themes.PALETTES:
            wrong.append(f"theme {theme!r:.40}")
        return cls(
            theme=theme if isinstance(theme, str) and theme in themes.PALETTES else themes.DARK,
            port=port if isinstance(port, str) else "",
            keys=wanted,
            strays={name: key for name, key in told.items() if name not in known},
            file=file,
            complaint=f"{file}: {', '.join(wrong)} not known." if wrong else "",
        )

    def remember(self, *, theme: str | None = None, port: str | None = None) -> None:
        """Keep a choice; a file that cannot be written is not worth an interruption."""
        self.theme = theme or self.theme
        self.port = self.port if port is None else port
        if self.file is None:
            return
        text = TEMPLATE.format(
            themes=", ".join(themes.PALETTES),
            theme=self.theme,
            port=_quoted(self.port),
            keys="".join([*map(self._key_line, ACTIONS), *_stray_lines(self.strays)]),
        )
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            wholefile.replace(self.file, text.encode())
        except OSError as error:
            self.complaint = f"{self.file} cannot be written: {error}"

    def _key_line(self, action: Action) -> str:
        """The keys of an action, as a comment unless they were given by the user."""
        own = self.keys.get(action.id)
        keys = _quoted(action.keys if own is None else own)
        return f'{"# " if own is None else ""}"{action.id}" = "{keys}"  # {action.help}\n'


def _apart(keys: str) -> str:
    """The keys without blanks between them."""
    return ",".join(key.strip() for key in keys.split(",") if key.strip())


def _stray_lines(strays: Mapping[str, str]) -> list[str]:
    return [f'"{_quoted(name)}" = "{_quoted(key)}"  # not known\n' for name, key in strays.items()]


def _quoted(text: str) -> str:
    """``text`` for a TOML basic string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04X}" for letter in escaped)
