"""The first and the last line of every screen: status and footer; a narrow deck's tabs and last line."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from rich.cells import cell_len

from avrdeck.tui import actions
from avrdeck.tui.actions import Action, Scope
from avrdeck.tui.views.ink import Pen, Row
from avrdeck.tui.widgets.sheet import Sheet

BETWEEN = 3
"""Columns between two keys."""


class Bar(Sheet):
    """One line on the panel colour."""

    can_focus = False

    @staticmethod
    def banded(pen: Pen) -> Row:
        """The finished line."""
        return pen.row(band=True)


class StatusBar(Bar):
    """Who, where, what: left what is stable, right what changes."""

    def __init__(self) -> None:
        super().__init__(id="status")
        self.left: Sequence[Sequence[tuple[str, str]]] = ()
        self.right: Sequence[Sequence[tuple[str, str]]] = ()

    def show(
        self, left: Sequence[Sequence[tuple[str, str]]], right: Sequence[Sequence[tuple[str, str]]]
    ) -> None:
        """Show groups of (text, role)."""
        if (left, right) != (self.left, self.right):
            self.left, self.right = left, right
            self.repaint()

    def paint(self, width: int) -> list[Row]:
        """Left groups as far as they fit beside the right ones: the last two stay longest."""
        right = list(self.right)
        room = width - 2 - _length(right)
        left = list(self.left)
        while len(left) > 1 and _length(left) + 2 > room:
            left.pop(-3 if len(left) > 2 else -1)
        pen = Pen(width)
        _groups(pen, left, 1)
        _groups(pen, right, width - 1 - _length(right))
        return [self.banded(pen)]


def _length(groups: Sequence[Sequence[tuple[str, str]]]) -> int:
    text = sum(cell_len(text) for group in groups for text, _ in group)
    return text + 3 * max(len(groups) - 1, 0)


def _groups(pen: Pen, groups: Sequence[Sequence[tuple[str, str]]], at: int) -> None:
    pen.at = at
    for index, group in enumerate(groups):
        if index:
            pen.put(" │ ", "disabled")
        for text, role in group:
            pen.put(text, role)


def _label(action: Action) -> str:
    return action.label


def _never(_: Action) -> bool:
    return False


class Footer(Bar):
    """The keys that work here: the focused pane's on the left, those that always work on the right.

    ``word`` is what to call a key of these ``scopes`` now, empty where it is not to be shown. One that
    ``waits`` keeps its place, but dim.
    """

    def __init__(
        self,
        scopes: Sequence[Scope],
        word: Callable[[Action], str] = _label,
        waits: Callable[[Action], bool] = _never,
    ) -> None:
        super().__init__(id="footer")
        self.scopes = tuple(scopes)
        self.word, self.waits = word, waits

    def show(self, scopes: Sequence[Scope]) -> None:
        """Show the keys of these scopes, the narrowest first."""
        if self.scopes != tuple(scopes):
            self.scopes = tuple(scopes)
            self.repaint()

    def paint(self, width: int) -> list[Row]:
        """Left as many as fit, the highest ranks dropped first."""
        right = _words(action for action in actions.of(Scope.APP) if action.show)
        if Scope.DECK in self.scopes:
            right = [("1-4", "pane", "deck.fuses"), ("z", "zoom", "deck.zoom"), *right]
        left = {action.id: action for action in self._working() if action.id != "deck.zoom"}
        if width < 100:
            right = [word for word in right if word[1] != "zoom"]
        words = {word[2]: word for word in _words(left.values(), self.word)}
        room = width - 5 - _span(right)
        over = _span(words.values()) - room
        for action in sorted(left.values(), key=lambda action: action.rank, reverse=True):
            if over > 0:
                over -= _span([words.pop(action.id)]) + BETWEEN
        pen = Pen(width)
        _keys(pen, words.values(), 1, {name for name in words if self.waits(left[name])})
        _keys(pen, right, width - 1 - _span(right))
        return [self.banded(pen)]

    def _working(self) -> list[Action]:
        """The keys that are shown; one that an inner scope has too does not get to the outer."""
        found: dict[str, Action] = {}
        taken: set[str] = set()
        for scope in self.scopes:
            of = [action for action in actions.of(scope) if action.keys.split(",")[0] not in taken]
            found |= {action.id: action for action in of if action.show and action.keys and self.word(action)}
            taken |= {key for action in of for key in action.keys.split(",")}
        return list(found.values())


def _words(shown: Iterable[Action], word: Callable[[Action], str] = _label) -> list[tuple[str, str, str]]:
    return [(action.key_text, word(action), action.id) for action in shown]


def _span(words: Collection[tuple[str, str, str]]) -> int:
    return sum(cell_len(f"{key} {label}") for key, label, _ in words) + BETWEEN * max(len(words) - 1, 0)


def _keys(
    pen: Pen, words: Iterable[tuple[str, str, str]], at: int, dim: Collection[str] = frozenset()
) -> None:
    pen.at = at
    for index, (key, label, identifier) in enumerate(words):
        if index:
            pen.put(" " * BETWEEN)
        roles = ("disabled", "disabled") if identifier in dim else ("accent bold", "muted")
        pen.put(key, roles[0], target=identifier).put(f" {label}", roles[1], target=identifier)


class TabBar(Sheet):
    """The panes of a narrow deck, the present one underlined heavily."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__(id="tabs")
        self.titles: Sequence[tuple[str, str]] = ()
        self.active = ""

    def show(self, titles: Sequence[tuple[str, str]], active: str) -> None:
        """Show (pane, title) pairs."""
        if (titles, active) != (self.titles, self.active):
            self.titles, self.active = titles, active
            self.repaint()

    def paint(self, width: int) -> list[Row]:
        """Titles and the line beneath."""
        pen, line = Pen(width), Pen(width).put("─" * width, "disabled")
        pen.at = 1
        for pane, title in self.titles:
            start = pen.at
            chosen = pane == self.active
            pen.put(f" {title} ", "accent bold" if chosen else "muted", target=pane)
            if chosen:
                line.put("━" * (pen.at - start), "accent", at=start)
            pen.at += 2
        return [pen.row(), line.row()]


class LastLine(Sheet):
    """The console's newest line, on a deck too narrow for its pane."""

    can_focus = False

    def __init__(self) -> None:
        super().__init__(id="last-line")
        self.line: tuple[str, str] | None = None

    def paint(self, width: int) -> list[Row]:
        """A prompt sign and the line."""
        if self.line is None:
            return [Row()]
        text, role = self.line
        return [
            Pen(width)
            .put(">", "accent bold", at=1)
            .put(f" {text}", "muted" if role == "command" else role)
            .row()
        ]
