"""Strict reading of the data files: an error names the file, the key and the nearest known key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from avrdeck.boards import __path__ as _package

T = TypeVar("T")
W = TypeVar("W", bound=StrEnum)
DATA = f"{_package[0]}/data"
"""The folder of the data files."""


class DataError(ValueError):
    """A data file is not as it should be. ``file`` is its name below `DATA`, ``key`` dotted or empty."""

    def __init__(self, file: str, key: str, problem: str) -> None:
        self.file = file
        self.key = key
        self.problem = problem
        super().__init__(f"{file}: {key + ': ' if key else ''}{problem}")


def read_toml(name: str) -> dict[str, Any]:
    """The table in a file of `DATA`; raises `DataError` when there is none or it is no TOML."""
    import tomllib  # listing the parts does without it

    try:
        return tomllib.loads(read_text(name))
    except FileNotFoundError:
        raise DataError(name, "", "no such data file") from None
    except ValueError as error:
        raise DataError(name, "", f"not TOML: {error}") from error


def read_text(name: str) -> str:
    """The text of a file of `DATA`."""
    with open(f"{DATA}/{name}", encoding="utf-8") as stream:  # noqa: PTH123 - no lookup waits for pathlib
        return stream.read()


class Node:
    """One table of a data file, of which every key must be asked for before `close`."""

    def __init__(self, table: Mapping[str, Any], file: str, path: str = "") -> None:
        self._table = table
        self.file = file
        self.path = path
        self._known: set[str] = set()

    def may(self, key: str, kind: type[T]) -> T | None:
        """The value, or `None` when it is not stated."""
        self._known.add(key)
        value = self._table.get(key)
        if value is None:
            return None
        if type(value) is not kind:
            raise self.error(key, f"must be {kind.__name__}, not {value!r}")
        return value

    def need(self, key: str, kind: type[T]) -> T:
        """The value, which must be stated."""
        value = self.may(key, kind)
        if value is None:
            raise self.error(key, "is missing")
        return value

    def flag(self, key: str, *, default: bool = False) -> bool:
        """A boolean, ``default`` when it is not stated."""
        value = self.may(key, bool)
        return default if value is None else value

    def size(self, key: str) -> int:
        """A positive number, which must be stated."""
        value = self.need(key, int)
        if value <= 0:
            raise self.error(key, f"must be positive, not {value}")
        return value

    def byte(self, key: str, default: int) -> int:
        """A byte, ``default`` when it is not stated."""
        value = self.may_byte(key)
        return default if value is None else value

    def may_byte(self, key: str) -> int | None:
        """A byte, or `None` when it is not stated."""
        value = self.may(key, int)
        return None if value is None else self._byte(key, value)

    def code(self, key: str) -> int:
        """A field's value, which must be stated."""
        value = self.may_byte(key)
        if value is None:
            raise self.error(key, "is missing")
        return value

    def number(self, key: str) -> float | None:
        """A number, whole or not, or `None` when it is not stated."""
        value = self.raw(key)
        if value is not None and type(value) not in (int, float):
            raise self.error(key, f"must be a number, not {value!r}")
        return value  # type: ignore[return-value]  # just checked, but `type()` narrows nothing

    def word(self, key: str, words: type[W]) -> W | None:
        """One of the words of an enumeration, or `None` when it is not stated."""
        value = self.may(key, str)
        if value is None:
            return None
        try:
            return words(value)
        except ValueError:
            raise self.error(key, f"must be one of {', '.join(words)}, not {value!r}") from None

    def bytes(self, key: str, count: int) -> bytes | None:
        """An array of ``count`` bytes, or `None` when it is not stated."""
        values = self.may(key, list)
        if values is None:
            return None
        if len(values) != count:
            raise self.error(key, f"must be {count} bytes, not {len(values)}")
        return bytes(self._byte(key, value) for value in values)

    def span(self, key: str) -> tuple[float, float] | None:
        """An array of two ascending numbers, or `None` when it is not stated."""
        values = self.may(key, list)
        if values is None:
            return None
        if len(values) != 2 or any(type(value) not in (int, float) for value in values):
            raise self.error(key, f"must be two numbers, not {values!r}")
        low, high = values
        if low > high:
            raise self.error(key, f"{low} is above {high}")
        return low, high

    def range(self, key: str) -> tuple[int, int]:
        """An array of two ascending whole numbers, which must be stated."""
        span = self.span(key)
        if span is None:
            raise self.error(key, "is missing")
        return int(span[0]), int(span[1])

    def rest(self) -> dict[str, Any]:
        """The keys that nobody asked for, for whoever reads them; this node is done with them."""
        rest = {key: value for key, value in self._table.items() if key not in self._known}
        self._known.update(rest)
        return rest

    def table(self, key: str) -> Node | None:
        """A sub-table, or `None` when it is not stated."""
        value = self.may(key, dict)
        return None if value is None else self._node(key, value)

    def each(self, key: str = "") -> Iterator[tuple[str, Node]]:
        """The sub-tables of a table or of an array of tables (named by position)."""
        value = self._table.get(key, {}) if key else self._table
        self._known.update([key] if key else self._table)
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in pairs:
            here = f"{key}.{name}" if key else str(name)
            if not isinstance(inner, dict):
                raise self.error(here, f"must be a table, not {inner!r}")
            yield str(name), self._node(here, inner)

    def strings(self) -> dict[str, str]:
        """All keys of this table, which must have strings as values."""
        return {key: self.need(key, str) for key in self._table}

    def __iter__(self) -> Iterator[str]:
        """The keys that are stated."""
        return iter(self._table)

    def raw(self, key: str) -> object:
        """The value as it stands, for keys that may have one of several types."""
        self._known.add(key)
        return self._table.get(key)

    def close(self) -> None:
        """Raise `DataError` for a key that nobody asked for."""
        for key in self._table:
            if key not in self._known:
                from difflib import get_close_matches  # costs milliseconds that only an error pays

                near = get_close_matches(key, sorted(self._known), 1)
                raise self.error(
                    key, f"unknown key; the nearest known is {near[0]}" if near else "unknown key"
                )

    def error(self, key: str, problem: str) -> DataError:
        """A `DataError` at a key of this table."""
        return DataError(self.file, f"{self.path}.{key}" if self.path else key, problem)

    def _node(self, key: str, table: dict[str, Any]) -> Node:
        return Node(table, self.file, f"{self.path}.{key}" if self.path else key)

    def _byte(self, key: str, value: object) -> int:
        if type(value) is not int or not 0 <= value <= 0xFF:
            raise self.error(key, f"must be a byte, not {value!r}")
        return value
