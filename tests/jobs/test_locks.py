"""The counter's lock where Windows is only played: `msvcrt.locking` as its documentation has it.

It locks so many bytes from where the file stands, refuses with EACCES what another descriptor holds, unlocks
only what is locked there, and promises nothing about a file that is closed without that.
"""

import errno
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from avrdeck.jobs.serials import counter as counters
from avrdeck.jobs.serials import locks
from avrdeck.jobs.serials.counter import Counter
from avrdeck.protocol.errors import Fault, InputFault


class Msvcrt(SimpleNamespace):
    """The part of the module that is used; ``held`` has who holds which byte of which file."""

    LK_UNLCK, LK_LOCK, LK_NBLCK = 0, 1, 2

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[int, int], int] = {}
        self.broken = False

    def locking(self, descriptor: int, mode: int, count: int) -> None:
        if self.broken:
            raise OSError(errno.EBADF, "Bad file descriptor")
        position = os.lseek(descriptor, 0, os.SEEK_CUR)
        places = [(os.fstat(descriptor).st_ino, position + offset) for offset in range(count)]
        if mode == self.LK_UNLCK:
            if any(self.held.get(place) != descriptor for place in places):
                raise PermissionError(errno.EACCES, "Permission denied")
            for place in places:
                del self.held[place]
        elif any(place in self.held for place in places):
            raise PermissionError(errno.EACCES, "Permission denied")
        else:
            self.held |= dict.fromkeys(places, descriptor)


@pytest.fixture
def msvcrt(monkeypatch: pytest.MonkeyPatch) -> Msvcrt:
    """The counter with the lock of Windows."""
    fake = Msvcrt()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "platform", "win32")
        patch.setitem(sys.modules, "msvcrt", fake)
        monkeypatch.setattr(counters, "locks", _loaded_anew())
    return fake


def _loaded_anew() -> ModuleType:
    spec = importlib.util.spec_from_file_location("locks_of_windows", locks.__file__)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def lock_file(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path / "counter.lock", os.O_RDWR | os.O_CREAT)
    yield descriptor
    os.close(descriptor)


def test_numbers_are_drawn_and_nothing_stays_locked(msvcrt: Msvcrt, tmp_path: Path) -> None:
    counter = Counter(tmp_path / "counter")
    assert [counter.draw() for _ in range(3)] == [1, 2, 3]
    assert msvcrt.held == {}


def test_a_failure_unlocks_too(msvcrt: Msvcrt, tmp_path: Path) -> None:
    (tmp_path / "counter").write_text("nonsense")
    with pytest.raises(InputFault, match="holds no number"):
        Counter(tmp_path / "counter").draw()
    assert msvcrt.held == {}


def test_what_another_holds_is_waited_for(
    msvcrt: Msvcrt, tmp_path: Path, lock_file: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = counters.locks
    assert windows.try_lock(lock_file)
    assert not windows.try_lock(os.dup(lock_file))
    monkeypatch.setattr(counters, "PATIENCE", 0.0)
    with pytest.raises(Fault, match="stays locked"):
        Counter(tmp_path / "counter").draw()
    # A program that wrote into the lock file stands elsewhere in it; the lock is on the first byte.
    os.write(lock_file, b"somebody")
    windows.unlock(lock_file)
    assert Counter(tmp_path / "counter").draw() == 1


def test_a_lock_that_cannot_be_is_no_lock_that_is_held(msvcrt: Msvcrt, tmp_path: Path) -> None:
    msvcrt.broken = True
    with pytest.raises(InputFault, match="Bad file descriptor"):
        Counter(tmp_path / "counter").draw()


@pytest.mark.parametrize(("platform", "drawn"), [("win32", True), ("linux", False)])
def test_a_reader_holds_the_file_up_on_windows_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, drawn: bool
) -> None:
    (tmp_path / "counter").write_text("5\n")
    refusals = [PermissionError(errno.EACCES, "Permission denied")] * 2
    replace = Path.replace

    def held(draft: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return replace(draft, target)

    monkeypatch.setattr(Path, "replace", held)
    monkeypatch.setattr(counters.sys, "platform", platform)
    monkeypatch.setattr(counters, "RETRY", 0.0)
    if drawn:
        assert Counter(tmp_path / "counter").draw() == 5
    else:
        with pytest.raises(InputFault, match="Permission denied"):
            Counter(tmp_path / "counter").draw()
    monkeypatch.undo()
    assert (tmp_path / "counter").read_text() == ("6\n" if drawn else "5\n")
