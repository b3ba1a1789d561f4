"""Leaving the app, by whatever way: the target runs again, and nobody loses a burn by one key."""

import asyncio
import os
import signal

import pytest

from avrdeck.tui.screens.confirm import ConfirmScreen


async def test_leaving_lets_the_target_go(deck):
    async with deck() as bench:
        target = bench.machine.target
        await bench.press("2", "r")
        await bench.done()
        assert target.in_reset
        await bench.press("ctrl+q")
    assert not target.in_reset
    assert not bench.session.connected


async def test_a_look_under_way_is_left_at_once(deck):
    async with deck() as bench:
        target = bench.machine.target
        bench.app.run_job(endless(bench.session, "read all", looks=True))
        await bench.until(lambda: bench.session.job)
        await bench.press("ctrl+q")
        assert not bench.app.is_running
    assert not target.in_reset


async def test_a_job_that_may_change_the_chip_is_stopped_only_after_a_yes(deck):
    async with deck() as bench:
        target = bench.machine.target
        bench.app.run_job(endless(bench.session, "burn"))
        await bench.until(lambda: bench.session.job)
        await bench.press("ctrl+q", "ctrl+q")
        assert isinstance(bench.app.screen, ConfirmScreen)
        assert "burn" in bench.text("#question")
        await bench.press("n")
        assert bench.session.job
        assert not isinstance(bench.app.screen, ConfirmScreen)
        await bench.press("ctrl+q", "y")
        assert not bench.app.is_running
    assert not target.in_reset
    assert bench.session.job is None


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
async def test_who_ends_the_program_leaves_the_app(deck, ending, monkeypatch):
    monkeypatch.setattr(signal, "getsignal", lambda _: signal.SIG_DFL)
    async with deck() as bench:
        target = bench.machine.target
        assert target.in_reset
        os.kill(os.getpid(), ending)
        await bench.until(lambda: not bench.app.is_running)
    assert not target.in_reset


async def endless(session, name, *, looks=False):
    """A job that ends when it is stopped."""
    async with session.held(name, looks=looks):
        await asyncio.Event().wait()


async def test_what_is_said_after_the_end_goes_nowhere(deck):
    async with deck() as bench:
        pane = bench.app.deck.console
    pane.write("Disconnected.")
