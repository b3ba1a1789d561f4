"""Completion over the command tree, for prompt_toolkit."""

from __future__ import annotations

from collections.abc import Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from avrdeck.commands.candidates import candidates
from avrdeck.commands.deck import Deck


class TreeCompleter(Completer):
    """What could stand at the cursor."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Candidates for the word before the cursor."""
        del complete_event
        for text, note, start in candidates(self._deck, document.text_before_cursor):
            yield Completion(text, start_position=-start, display_meta=note)
