"""Reads lines, runs them, and ends tidily: at a terminal with all comforts, else line by line."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from avrdeck.commands.advising import in_console
from avrdeck.commands.answers import typed_line
from avrdeck.commands.deck import Deck
from avrdeck.commands.interpreter import Interpreter
from avrdeck.commands.interrupts import stopped
from avrdeck.protocol.errors import Fault

GOODBYES = frozenset({"exit", "quit"})
"""What people type to leave, besides Ctrl-D."""
GREETING = "avrdeck console. help lists the commands, Tab completes, Ctrl-D ends."


async def run(deck: Deck) -> None:
    """Run a console on ``deck`` until its input ends; the connection is closed on the way out.

    At a terminal a failing line is reported and the next one asked for. Elsewhere the first failure
    ends the console and is raised.
    """
    interpreter = Interpreter(deck)
    try:
        if comfortable():
            await _converse(interpreter)
        elif sys.stdin.isatty():
            await _plain(interpreter)
        else:
            await _piped(interpreter)
    finally:
        await deck.session.disconnect()


def comfortable() -> bool:
    """Whether both ends are a terminal that can do more than print lines."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"


async def _converse(interpreter: Interpreter) -> None:
    from avrdeck.console.prompt import lines

    interpreter.deck.out.note(GREETING)
    async for line in lines(interpreter.deck):
        if line.strip() in GOODBYES:
            return
        await _attempt(interpreter, line)


async def _plain(interpreter: Interpreter) -> None:
    """A prompt and nothing else: for dumb terminals and screen readers."""
    interpreter.deck.out.note(GREETING)
    while True:
        print("avrdeck> ", end="", flush=True)
        line = await typed_line()
        if not line or line.strip() in GOODBYES:
            return
        await _attempt(interpreter, line)


async def _piped(interpreter: Interpreter) -> None:
    number = 0
    while line := await asyncio.to_thread(sys.stdin.readline):
        number += 1
        await interpreter.run_lines([line], "standard input", first=number)


async def _attempt(interpreter: Interpreter, line: str) -> None:
    """Run ``line``; Ctrl-C cancels it and leaves the line to the programmer in sync."""
    work = asyncio.ensure_future(interpreter.run_line(line))
    loop, console = asyncio.get_running_loop(), asyncio.current_task()
    loop.add_signal_handler(signal.SIGINT, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        interpreter.deck.out.fault(stopped())
    except Fault as fault:
        fault.advice = in_console(fault.advice)
        interpreter.deck.out.fault(fault)
    finally:
        loop.remove_signal_handler(signal.SIGINT)
    if console and console.cancelling():
        raise asyncio.CancelledError  # not the command alone is to end
