"""Answers typed at a terminal, and questions that are left without one."""

import asyncio
import io
import os
import pty
import threading
from collections.abc import Iterator

import pytest

from avrdeck.commands.output import TextOutput
from avrdeck.jobs.questions import Question, Topic

ERASE = Question(Topic.CONFIRM, "Erase the whole chip?")


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The user's end of the terminal that is standard input."""
    user, program = pty.openpty()
    with os.fdopen(program) as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        yield user
        os.write(user, b"\n")  # lets go whoever still reads
    os.close(user)


def asked() -> "asyncio.Task[str | None]":
    return asyncio.ensure_future(TextOutput(io.StringIO(), io.StringIO()).ask(ERASE))


@pytest.mark.parametrize(("typed", "answer"), [(b"y\n", "y\n"), (b"\x04", "")])
async def test_an_answer_is_a_line_or_the_end(typed: bytes, answer: str, keyboard: int) -> None:
    question = asked()
    await asyncio.sleep(0)
    os.write(keyboard, typed)
    assert await question == answer


async def test_nobody_waits_for_the_answer_to_a_question_that_was_left(keyboard: int) -> None:
    """Else Ctrl-C ends nothing before Enter, and a console's next line is taken for the answer."""
    threads = threading.active_count()
    question = asked()
    for _ in range(10):
        await asyncio.sleep(0)
    question.cancel()
    with pytest.raises(asyncio.CancelledError):
        await question
    assert threading.active_count() == threads
    again = asked()
    await asyncio.sleep(0)
    os.write(keyboard, b"n\n")
    assert await again == "n\n"
