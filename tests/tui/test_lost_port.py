"""A port that goes away, and what is known again when it is back."""

from avrdeck.protocol.simulator.faults import Fault as Strike
from avrdeck.protocol.simulator.faults import Kind
from avrdeck.tui import messages
from avrdeck.tui.controllers import ports
from avrdeck.tui.screens.fault import FaultScreen
from tui.conftest import SIM


async def test_a_lost_port_keeps_the_state_and_says_so(deck):
    async with deck() as bench:
        machine = bench.machine
        await bench.press("2", "right", "space")
        machine.faults.add(Strike(Kind.VANISH, machine.faults.to_device + 40))
        await bench.press("r")
        await bench.done()
        assert len(bench.seen(messages.PortLost)) == 1
        assert isinstance(bench.app.screen, FaultScreen)
        await bench.press("escape")
        assert bench.session.lost
        assert bench.session.draft.staged
        assert "port lost" in bench.text("#status")
        assert "read again" in bench.text("#connection-form")
        await bench.press("x")
        await bench.done()
        assert bench.session.connected
        assert bench.session.draft.staged, "staged edits outlive the port"


def said(bench) -> str:
    """Everything the app notified of."""
    return " ".join(note.message for note in bench.app._notifications)


async def test_a_usb_device_that_comes_back_is_connected_again(deck, monkeypatch):
    identity = ports.PortIdentity(0x2341, 0x0043, "85735")
    listed = [ports.PortEntry(SIM, "Uno", "2341:0043", True, identity)]
    monkeypatch.setattr(ports, "entries", lambda: tuple(listed))
    async with deck() as bench:
        session = bench.session
        await bench.press("2", "right", "space", "r")
        await bench.done()
        bench.machine.faults.add(Strike(Kind.VANISH, bench.machine.faults.to_device + 40))
        await bench.press("r")
        await bench.done()
        assert session.lost
        assert session.lost_identity == identity
        staged, flash = dict(session.draft.staged), bytes(session.maps["flash"].data)
        listed.clear()
        for _ in range(3):
            await bench.app.look_for_lost_port()
        await bench.done()
        assert not session.connected, "it is still away"

        again = f"{SIM}&seed=3"
        other = ports.PortEntry("/dev/other", "Uno", "2341:0043", True, ports.PortIdentity(0x2341, 0x43, "1"))
        listed += [other, ports.PortEntry(again, "Uno", "2341:0043", True, identity)]
        await bench.app.look_for_lost_port()
        await bench.done()
        assert not session.connected, "its file may not be opened yet"
        await bench.app.look_for_lost_port()
        await bench.done()
        assert session.connected
        assert session.port == again
        assert session.draft.staged == staged
        assert bytes(session.maps["flash"].data) == flash
        assert session.stale
        await bench.press("escape")
        assert "read again" in bench.text("#connection-form")
        assert "From before: flash" in said(bench)
        assert "What is staged is kept: 1 bit." in said(bench)


async def test_another_chip_behind_the_board_that_is_back(deck, monkeypatch):
    identity = ports.PortIdentity(0x2341, 0x0043, "85735")
    monkeypatch.setattr(
        ports, "known", lambda port: ports.PortEntry(port, "Uno", "2341:0043", True, identity)
    )
    monkeypatch.setattr(ports, "returned", lambda _: "sim:?autoreset=no&part=attiny85")
    async with deck() as bench:
        await bench.press("2", "right", "space")
        await bench.session._forget_port()
        for _ in range(2):
            await bench.app.look_for_lost_port()
        await bench.done()
        assert bench.session.part.name == "ATtiny85"
        assert not bench.session.draft.staged
        assert "Another chip" in said(bench)


async def test_the_app_looks_for_a_lost_port_by_itself(deck, monkeypatch):
    monkeypatch.setattr("avrdeck.tui.app.WATCH_SECONDS", 0.001)
    identity = ports.PortIdentity(0x2341, 0x0043, "85735")
    monkeypatch.setattr(
        ports, "known", lambda port: ports.PortEntry(port, "Uno", "2341:0043", True, identity)
    )
    monkeypatch.setattr(ports, "returned", lambda _: f"{SIM}&seed=3")
    async with deck() as bench:
        await bench.session._forget_port()
        await bench.until(lambda: bench.session.connected)
        assert bench.session.port == f"{SIM}&seed=3"


async def test_a_board_that_is_back_and_does_not_answer_is_told_once(deck, monkeypatch):
    identity = ports.PortIdentity(0x2341, 0x0043, "85735")
    monkeypatch.setattr(
        ports, "known", lambda port: ports.PortEntry(port, "Uno", "2341:0043", True, identity)
    )
    monkeypatch.setattr(ports, "returned", lambda _: "/dev/nowhere-at-all")
    async with deck() as bench:
        await bench.session._forget_port()
        for _ in range(6):
            await bench.app.look_for_lost_port()
            await bench.done()
        assert len(bench.seen(messages.Failed)) == 1


def test_a_copy_without_a_serial_number_is_not_taken_for_its_neighbour(monkeypatch):
    one, two, three = (
        ports.PortEntry(name, "USB2.0-Serial", "1A86:7523", True, ports.PortIdentity(0x1A86, 0x7523, None))
        for name in ("/dev/ttyUSB0", "/dev/ttyUSB1", "/dev/ttyUSB2")
    )
    there = [one, two]
    monkeypatch.setattr(ports, "entries", lambda: tuple(there))
    lost = ports.known("/dev/ttyUSB0").identity
    there.remove(one)
    assert ports.returned(lost) is None
    there.append(three)
    assert ports.returned(lost) == "/dev/ttyUSB2"
    there[:] = [two, one]
    assert ports.returned(lost) == "/dev/ttyUSB0"


def test_a_port_that_is_no_usb_device_is_known_again_by_its_file(tmp_path):
    real, link = tmp_path / "pts", tmp_path / "uno"
    real.touch()
    link.symlink_to(real)
    identity = ports.known(str(link)).identity
    assert ports.returned(identity) is None, "it never went away"
    real.unlink()
    assert ports.returned(identity) is None
    real.touch()
    assert ports.returned(identity) is None, "what the link leads to now is somebody else's"
    link.unlink()
    link.symlink_to(real)
    assert ports.returned(identity) == str(link)
    assert ports.known("socket://nowhere:1") is None
    assert ports.known("sim:?x") is None
