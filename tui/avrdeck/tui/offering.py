"""Which keys of a screen do something now: footer, palette and help show those only."""

from __future__ import annotations

from textual.message_pump import MessagePump

from avrdeck.tui.actions import Action


class Waiting(MessagePump):
    """A screen or widget some of whose actions can say no more than what they wait for.

    The footer shows their keys in their places, but dim: nothing moves there as work goes on.
    """

    def waits(self, verb: str) -> bool:
        """Whether the action of that name, without ``action_``, has nothing to work on yet."""
        del verb
        return False


class Offering(MessagePump):
    """A screen or widget whose actions work at times only."""

    def works(self, verb: str) -> bool:
        """Whether the action of that name, without ``action_``, does something now."""
        del verb
        return True

    @property
    def leaving(self) -> str:
        """What to call leaving now; empty where it is what the registry calls it."""
        return ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Textual's question before it runs a key's action."""
        del parameters
        return self.works(action)

    def word(self, action: Action) -> str:
        """What the footer calls a key now; empty where the key does nothing."""
        if not self.works(action.verb):
            return ""
        return (action.verb == "leave" and self.leaving) or action.label
