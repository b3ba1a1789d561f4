"""An app that owns the session and runs one job on the wire at a time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

from textual.message import Message
from textual.worker import Worker

from avrdeck.jobs.questions import Question
from avrdeck.protocol.errors import Fault
from avrdeck.tui import messages
from avrdeck.tui.controllers import ports
from avrdeck.tui.controllers.session import Session
from avrdeck.tui.palette import reachable
from avrdeck.tui.screens.answer import AnswerScreen
from avrdeck.tui.screens.confirm import ConfirmScreen
from avrdeck.tui.screens.deck import DeckScreen
from avrdeck.tui.screens.fault import FaultScreen
from avrdeck.tui.telling import Telling
from avrdeck.tui.typing_order import OrderedApp
from avrdeck.tui.widgets.chrome import Footer
from avrdeck.tui.widgets.sheet import Sheet

WATCH_SECONDS = 1.0
"""How often a lost USB device is looked for."""


class JobApp(Telling, OrderedApp):
    """The session, its jobs, its faults."""

    def __init__(self, port: str, baud: int | None = None) -> None:
        # Told beforehand, Textual leaves colours out instead of turning them to greys.
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.session = Session(self._post, port, baud)
        self._jobs: list[Worker[None]] = []
        self._seen_again: str | None = None
        self._leaving = False
        self.parting: Fault | None = None
        """What a job that was stopped by leaving has left: there is no screen to tell it on."""

    def _post(self, message: Message) -> None:
        """Session facts go to the deck first, whatever screen is on top."""
        if self.is_running and self._deck:
            self._deck.post_message(message)

    @property
    def _deck(self) -> DeckScreen | None:
        return next((screen for screen in self.screen_stack if isinstance(screen, DeckScreen)), None)

    @property
    def deck(self) -> DeckScreen:
        """The deck below whatever is on top."""
        deck = self._deck
        if deck is None:
            raise RuntimeError("the deck is not on the stack yet")
        return deck

    # -- jobs -------------------------------------------------------------

    def run_job(self, work: Coroutine[Any, Any, None], *, waits: bool = False) -> bool:
        """Run work on the wire, one at a time; work that ``waits`` has its turn after what runs now.

        Says why not, and whether it will run.
        """
        if self.busy and not waits:
            work.close()
            name = self.session.job.name if self.session.job else "A job"
            self.notify(f"{name} is running: ^x stops it.", severity="warning", markup=False)
            return False
        self._jobs = [job for job in self._jobs if not job.is_finished]
        self._jobs.append(self.run_worker(self._guarded(work), group="wire", exit_on_error=True))
        return True

    @property
    def busy(self) -> bool:
        """Whether a job runs or waits for its turn."""
        return any(not job.is_finished for job in self._jobs)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # the one place where a foreign error becomes a fault
            self.tell(error)
        finally:
            if not self._leaving:  # its screen shows it
                self.session.stopped = None

    def tell(self, error: Exception) -> None:
        """Show what went wrong; an error of avrdeck's own making is raised."""
        from avrdeck.commands.faults import translated

        fault = translated(error)
        if fault is None:
            raise error
        if self._leaving:
            self.parting = fault
        else:
            self.push_screen(FaultScreen(fault))

    def _handle_exception(self, error: Exception) -> None:
        """What Textual would end the app for: the answers to dialogs come here, not to `Telling`."""
        from avrdeck.commands.faults import translated

        fault = translated(error)
        if fault is None:
            super()._handle_exception(error)
        else:
            self.push_screen(FaultScreen(fault))

    async def on_sheet_clicked(self, event: Sheet.Clicked) -> None:
        """A key in the footer was clicked: do what it does."""
        if isinstance(event.sheet, Footer):
            for action, home in reachable(self.screen):
                if action.id == event.target:
                    await self.run_action(action.method, home)

    def on_failed(self, event: messages.Failed) -> None:
        """Show a fault."""
        self.push_screen(FaultScreen(event.fault))

    def action_stop_job(self) -> None:
        """Stop the running job, the one before those that wait for it; the line stays in step."""
        running = next((job for job in self._jobs if not job.is_finished), None)
        if running:
            running.cancel()

    # -- leaving ----------------------------------------------------------

    async def action_quit(self) -> None:
        """Leave; what may change the chip is stopped for it only after a yes."""
        job = self.session.job
        if job is None or job.looks:
            self.leave()
        elif not isinstance(self.screen, ConfirmScreen):
            detail = "The line is left in sync; the chip stays as far as it is."
            question = ConfirmScreen(f"“{job.name}” is under way: stop it and leave?", detail)
            self.push_screen(question, lambda yes: self.leave() if yes else None)

    def leave(self) -> None:
        """Stop what runs, let the target go, close the port, and end."""
        if not self._leaving:
            self._leaving = True
            self.run_worker(self._end(), group="leaving")

    def on_terminal_lost(self) -> None:
        """There is nobody left."""
        self.leave()

    async def _end(self) -> None:
        await self._let_go()
        self.parting = self.parting or self.session.stopped
        self.exit()

    async def _let_go(self) -> None:
        running = [job for job in self._jobs if not job.is_finished]
        for job in running:
            job.cancel()
        await asyncio.gather(*(job.wait() for job in running), return_exceptions=True)
        await self._guarded(self.session.disconnect())

    async def on_unmount(self) -> None:
        """Let the target go, whatever ended the app."""
        self._leaving = True
        await self._let_go()

    # -- the port ---------------------------------------------------------

    def action_connect(self) -> None:
        """Connect, or disconnect."""
        self.run_job(self.session.disconnect() if self.session.connected else self.session.connect())

    def action_read_all(self) -> None:
        """Read everything."""
        self.run_job(self.session.read_all())

    async def look_for_lost_port(self) -> None:
        """Reconnect when the device that went away is back, under whatever name.

        It has to be there at two looks: a device's file is there before one may open it.
        """
        identity = self.session.lost_identity
        if identity is None or self.busy:
            self._seen_again = None
            return
        before, self._seen_again = self._seen_again, await asyncio.to_thread(ports.returned, identity)
        if self._seen_again and self._seen_again == before and not self.busy:
            self.run_job(self.session.reconnect(self._seen_again))

    def on_port_lost(self, event: messages.PortLost) -> None:
        """Say what became of it."""
        self.notify(
            f"{event.port} is gone. What was read is kept, and so is what is staged; "
            "it is connected again when the board is back.",
            severity="warning",
            markup=False,
        )

    def on_port_returned(self, event: messages.PortReturned) -> None:
        """Say what was read again, what has to be, and what became of the edits."""
        draft = self.session.draft
        words = [f"The board is back on {event.port}; its fuses were read again."]
        if event.another:
            words = [f"Another chip is on {event.port} than before; nothing is kept of the other."]
        elif event.stale:
            words.append(f"From before: {' and '.join(event.stale)}; r reads again.")
        if draft and draft.staged:
            words.append(f"What is staged is kept: {draft.changes} bit{'s' * (draft.changes != 1)}.")
        self.notify(" ".join(words), severity="warning", markup=False)

    async def ask(self, question: Question) -> str | None:
        """Put a job's question over whatever is on the screen."""
        return await self.push_screen_wait(AnswerScreen(question, self.session.part))
