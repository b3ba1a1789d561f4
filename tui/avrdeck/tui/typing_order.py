"""Keys in order: each goes to where the one before it led, however fast they are typed.

Textual hands a key to the focused widget and takes the next one, while the first is still on its way up to
the binding that moves the focus: what is typed right after it goes to the widget that had the focus before.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from textual import events
from textual.app import App, ScreenStackError
from textual.dom import DOMNode
from textual.message import Message
from textual.widget import Widget

LEAST_ROUNDS, MOST_ROUNDS = 2, 6
"""A key takes effect in a round; what it makes a widget ask for in another, as long as the focus moves."""

LOST_SECONDS = 0.5


@dataclass
class KeyArrived(Message):
    """Follows a key through the same queues: where this has arrived, the key has had its effect."""

    place: tuple[DOMNode, ...]
    round: int


class OrderedApp(App[None]):
    """An app that takes a key when the one before it has had its effect."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._typed: deque[events.Event] = deque()
        self._follower: KeyArrived | None = None
        self._seen: KeyArrived | None = None

    def on_mount(self) -> None:
        """Look after followers that never arrive."""
        self.set_interval(LOST_SECONDS, self._look_after)

    async def _look_after(self) -> None:
        """Go on without a follower that was under way at the last look: a closing widget took it along."""
        if self._follower is not None and self._follower is self._seen:
            await self._take_next()
        self._seen = self._follower

    @property
    def typing(self) -> bool:
        """Whether keys are still under way."""
        return self._follower is not None

    async def on_event(self, event: events.Event) -> None:
        """As Textual does it, but keys and pastes wait for their turn."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._typed.append(event)
        if self._follower is None or not self._travels(self._follower):
            await self._take_next()

    def _travels(self, follower: KeyArrived) -> bool:
        """Whether it can still arrive: the widget it was sent to may be gone, and it with its queue."""
        return all(node.is_attached and node.is_running for node in follower.place)

    async def _take_next(self) -> None:
        """Take a key; one for a screen that a job has just opened waits till there is something in it."""
        self._follower = None
        if not self._typed:
            return
        if not self.screen_stack or self.screen.is_mounted:
            await super().on_event(self._typed.popleft())
        self._follow(1)

    async def _dispatch_action(self, namespace: DOMNode, action_name: str, params: object) -> bool:
        """Nothing where a screen came up since the key was taken: it was meant for the one before."""
        if isinstance(namespace, Widget) and not namespace.is_mounted:
            return False
        return await super()._dispatch_action(namespace, action_name, params)

    def _follow(self, number: int) -> None:
        place = self._place()
        self._follower = KeyArrived(place, number)
        if not any(node.post_message(self._follower) for node in reversed(place)):
            self.post_message(self._follower)

    def _place(self) -> tuple[DOMNode, ...]:
        """The screen on top, and the widget that has the focus there."""
        try:
            return (self.screen, self.focused) if self.focused else (self.screen,)
        except ScreenStackError:
            return ()

    async def on_key_arrived(self, event: KeyArrived) -> None:
        """Follow it once more, or take the next key."""
        if event is not self._follower:
            return
        moved = event.place != self._place()
        if event.round < LEAST_ROUNDS or (moved and event.round < MOST_ROUNDS):
            self._follow(event.round + 1)
        else:
            await self._take_next()
