"""The palette's commands: the registry's rows that can be carried out now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.dom import DOMNode
from textual.widgets import OptionList

from avrdeck.tui import actions
from avrdeck.tui.actions import Action, Scope
from avrdeck.tui.closing import Closing


def reachable(screen: DOMNode) -> Iterator[tuple[Action, DOMNode]]:
    """Every action that ``screen`` has, and the widget that carries it out."""
    homes: dict[Scope, DOMNode] = {Scope.APP: screen.app}
    for node in screen.walk_children(with_self=True):
        scope = getattr(node, "scope", None)
        if isinstance(scope, Scope):
            homes.setdefault(scope, node)
    if getattr(screen, "is_deck", False):
        homes[Scope.DECK] = screen
    for scope in Scope:
        if scope in homes:
            yield from ((action, homes[scope]) for action in actions.of(scope))


def working(screen: DOMNode) -> Iterator[tuple[Action, DOMNode]]:
    """Those of them that do something now."""
    for action, home in reachable(screen):
        if home.check_action(action.verb, ()):
            yield action, home


class ActionProvider(Provider):
    """Finds actions by their help, label or key."""

    async def discover(self) -> Hits:
        """Every action, before anything is typed."""
        for action, home in working(self.screen):
            if not action.id.startswith("app.palette"):
                yield DiscoveryHit(self._name(action), self._run(action, home), help=self._help(action))

    async def search(self, query: str) -> Hits:
        """The actions that fit."""
        matcher = self.matcher(query)
        for action, home in working(self.screen):
            name = self._name(action)
            score = matcher.match(name)
            if score > 0:
                yield Hit(score, matcher.highlight(name), self._run(action, home), help=self._help(action))

    @staticmethod
    def _name(action: Action) -> str:
        return action.help.rstrip(".")

    @staticmethod
    def _help(action: Action) -> str:
        return f"{action.scope.value}: {action.key_text}"

    def _run(self, action: Action, home: DOMNode) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            await self.app.run_action(action.method, home)

        return run


class Palette(Closing, CommandPalette):
    """Textual's, but paging through a list with nothing in it does nothing, where Textual's fails."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "page(True)", "Next page", show=False),
        Binding("pageup", "page(False)", "Previous page", show=False),
    ]

    def action_page(self, down: bool) -> None:
        """A page up or down."""
        options = self.query_one(OptionList)
        page: Callable[[], None] = options.action_page_down if down else options.action_page_up
        with suppress(KeyError):  # its lines are not laid out
            page()
