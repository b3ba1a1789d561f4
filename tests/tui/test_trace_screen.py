"""The trace: every frame with what it answers, filtered, followed, saved."""

from pathlib import Path

import pytest

from avrdeck.boards.catalog import part
from avrdeck.protocol.stk500v1 import GetSync, LoadAddress, ReadPage
from avrdeck.protocol.trace import Direction, Trace, TraceEvent
from avrdeck.tui.controllers import tracing
from avrdeck.tui.controllers.tracing import TraceLog, wanted
from avrdeck.tui.screens.trace import TraceScreen
from avrdeck.tui.views.trace import frame_rows
from tui.conftest import SIM

OK = b"\x14\x10"


def sent(time: float, *commands) -> TraceEvent:
    return TraceEvent(time, Direction.SENT, b"".join(one.encode() for one in commands))


def came(time: float, data: bytes) -> TraceEvent:
    return TraceEvent(time, Direction.RECEIVED, data)


def logged(*events: TraceEvent) -> TraceLog:
    trace = Trace()
    for event in events:
        trace.add(event)
    return TraceLog(trace, part("atmega328p"), lambda: None)


def texts(log: TraceLog, text: str) -> list[str]:
    test = wanted(text)
    return [one.frame.text for one in log.frames if test(one)]


# -- what is known of a frame -----------------------------------------------------------------------


def test_a_reply_belongs_to_its_command_also_where_commands_travel_ahead():
    log = logged(sent(0, LoadAddress(0), ReadPage(0x46, 2)), came(0.01, OK), came(0.02, b"\x14\x01\x02\x10"))
    asked, read, done, page = log.frames
    assert (done.asked, page.asked) == (asked, read)
    assert (log.reply(asked), log.reply(read)) == (done, page)


def test_a_filter_by_operation_keeps_or_hides_the_replies_too():
    log = logged(
        sent(0, LoadAddress(0)), came(0.01, OK), sent(0.02, ReadPage(0x46, 2)), came(0.03, b"\x14\1\2\x10")
    )
    assert texts(log, "op:read_page") == ["READ_PAGE 2 bytes of flash", "01 02"]
    assert texts(log, "not op:read_page") == ["LOAD_ADDRESS 0x0000", "OK"]
    assert texts(log, "reply:ok") == ["OK"]


def test_after_a_time_out_the_trace_is_in_step_again():
    """What came of the page must not swallow the answers to what is sent to synchronise."""
    log = logged(
        sent(0, ReadPage(0x46, 128)), came(0.07, b"\x14" + bytes(86)),
        sent(0.35, GetSync()), came(0.353, OK), sent(0.36, LoadAddress(0)), came(0.363, OK),
    )  # fmt: skip
    assert [one.frame.text for one in log.frames] == [
        "READ_PAGE 128 bytes of flash", "no reply: 87 of 130 bytes came, then silence",
        "GET_SYNC", "OK", "LOAD_ADDRESS 0x0000", "OK",
    ]  # fmt: skip
    assert log.frames[1].asked is log.frames[0]


def test_a_port_that_is_opened_anew_goes_on_in_time():
    log = logged(sent(5, GetSync()), came(7, OK), sent(0, GetSync()), came(0.5, OK))
    assert [one.time for one in log.frames] == [0, 2, 2, 2.5]
    assert [one.gap for one in log.frames] == [0, 2, 0, 0.5]


# -- the screen -------------------------------------------------------------------------------------


@pytest.fixture
def short(monkeypatch) -> None:
    """A log that keeps few frames."""
    monkeypatch.setattr(tracing, "MAX_FRAMES", 100)


async def opened(bench) -> TraceScreen:
    await bench.press("2", "t")
    screen = bench.app.screen
    assert isinstance(screen, TraceScreen)
    return screen


async def test_it_is_followed_also_when_the_log_is_full(deck, short):
    async with deck() as bench:
        screen = await opened(bench)
        assert len(screen.log_.frames) == 100
        before = screen.list.here
        bench.app.run_job(bench.session.read_all())
        await bench.done()
        await bench.until(lambda: screen.list.here is screen.log_.frames[-1])
        assert screen.list.here.number > before.number
        assert len(screen.list.shown) == 100, "what the log forgot is not kept either"


async def test_the_cursor_stays_with_its_frame_when_another_filter_is_set(deck):
    async with deck() as bench:
        screen = await opened(bench)
        await bench.press("home", *["down"] * 20)
        here = screen.list.here
        await bench.press("slash", f"TYPE:{'not op:get_parameter'}", "enter")
        assert screen.list.here.number >= here.number
        await bench.press("slash", *["backspace"] * 30, "enter")
        assert screen.list.here.number >= here.number


async def test_a_frame_tells_its_reply_and_a_reply_its_command(deck):
    async with deck() as bench:
        screen = await opened(bench)
        await bench.press("slash", "TYPE:op:get_parameter", "enter", "home")
        command = screen.list.here
        await bench.until(lambda: "GET_PARAMETER HW_VER" in bench.text("#frame"))
        assert "answered 02 after" in bench.text("#frame")
        assert "ms on the wire" in bench.text("#frame")
        assert str(screen.query_one("#frame-pane").border_title) == f"Frame {command.number}"
        await bench.press("down")
        await bench.until(lambda: f"frame {command.number}" in bench.text("#frame"))
        assert "answers GET_PARAMETER HW_VER after" in bench.text("#frame")


def test_how_long_the_programmer_took_is_told_where_nothing_else_was_between():
    log = logged(sent(0, LoadAddress(0), ReadPage(0x46, 2)), came(0.01, OK), came(0.02, b"\x14\x01\x02\x10"))
    alone = logged(sent(0, LoadAddress(0)), came(0.01, OK))
    text = frame_rows(alone.frames[0], alone.frames[1], 19200, 100)[2].text
    assert "answered OK after 10.0 ms: wire 3.1 ms, programmer 6.9 ms" in text
    text = frame_rows(log.frames[3], None, 19200, 100)[2].text
    assert "answers READ_PAGE 2 bytes of flash after 20.0 ms, 1 frame between" in text


async def test_what_is_shown_is_saved_as_text(deck, tmp_path: Path):
    async with deck() as bench:
        await opened(bench)
        await bench.press("slash", "TYPE:op:enter", "enter")
        file = tmp_path / "sign.txt"
        await bench.press("s", *["backspace"] * 20, f"TYPE:{file}", "enter")
        await bench.until(file.exists)
        await bench.done()
        text = file.read_text("utf-8")
        assert "─► ENTER_PROGMODE" in text
        assert "◄─ OK" in text
        assert "GET_SYNC" not in text


async def test_a_filter_that_nothing_passes_is_told_as_such(deck):
    async with deck() as bench:
        await opened(bench)
        await bench.press("slash", "TYPE:nonsense", "enter")
        await bench.until(lambda: "Nothing passes the filter." in bench.text("#frame"))


async def test_a_file_that_cannot_be_written_is_told(deck, tmp_path: Path):
    async with deck() as bench:
        await opened(bench)
        file = tmp_path / "none" / "x.trace"
        await bench.press("s", *["backspace"] * 20, f"TYPE:{file}", "enter")
        await bench.until(lambda: any("cannot be written" in one.message for one in bench.app._notifications))


async def test_instructions_get_their_meaning_once_the_chip_is_known(deck):
    async with deck("/dev/no-such-port") as bench:
        await bench.press("escape")
        screen = await opened(bench)
        assert bench.session.part is None
        bench.session.port = SIM
        bench.app.run_job(bench.session.connect())
        await bench.done()
        await bench.until(lambda: any("read hfuse" in one.frame.text for one in screen.list.shown))
