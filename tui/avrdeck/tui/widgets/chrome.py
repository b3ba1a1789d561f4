"""The first and the last line of every screen: status and footer; and the tabs of a narrow deck."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.cells import cell_len

from avrdeck.tui import actions
from avrdeck.tui.actions import Action, Scope
from avrdeck.tui.views.ink import Pen, Row
from avrdeck.tui.widgets.sheet import Sheet


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
        """Left groups as far as they fit beside the right ones."""
        right = list(self.right)
        room = width - 2 - _length(right)
        left = list(self.left)
        while len(left) > 1 and _length(left) + 2 > room:
            left.pop(-2 if len(left) > 3 else -1)
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


class Footer(Bar):
    """The keys that work here: the focused pane's on the left, those that always work on the right.

    ``word`` is what to call a key of these ``scopes`` now; nothing where it does nothing now.
    """

    def __init__(self, scopes: Sequence[Scope], word: Callable[[Action], str] = _label) -> None:
        super().__init__(id="footer")
        self.scopes = tuple(scopes)
        self.word = word

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
        left = self._working()
        left = [action for action in left if action.id != "deck.zoom"]
        if width < 100:
            right = [word for word in right if word[1] != "zoom"]
        room = width - 5 - _span(right)
        while left and _span(_words(left, self.word)) > room:
            left.remove(max(left, key=lambda action: action.rank))
        pen = Pen(width)
        _keys(pen, _words(left, self.word), 1)
        _keys(pen, right, width - 1 - _span(right))
        return [self.banded(pen)]

    def _working(self) -> list[Action]:
        """The keys that are shown; one that an inner scope has too does not get to the outer."""
        found: dict[str, Action] = {}
        taken: set[str] = set()
        for scope in self.scopes:
            of = [action for action in actions.of(scope) if action.keys.split(",")[0] not in taken]
            found |= {action.id: action for action in of if action.show and self.word(action)}
            taken |= {key for action in of for key in action.keys.split(",")}
        return list(found.values())


def _words(shown: Iterable[Action], word: Callable[[Action], str] = _label) -> list[tuple[str, str, str]]:
    return [(action.key_text, word(action), action.id) for action in shown]


def _span(words: Sequence[tuple[str, str, str]]) -> int:
    return sum(cell_len(f"{key} {label}") for key, label, _ in words) + 3 * max(len(words) - 1, 0)


def _keys(pen: Pen, words: Sequence[tuple[str, str, str]], at: int) -> None:
    pen.at = at
    for index, (key, label, identifier) in enumerate(words):
        if index:
            pen.put("   ")
        pen.put(key, "accent bold", target=identifier).put(f" {label}", "muted", target=identifier)


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
