import signal
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.boards.catalog import part
from avrdeck.boards.images import Image, Segment
from avrdeck.boards.images import load as load_image
from avrdeck.jobs.serials import template
from avrdeck.jobs.serials.counter import MAX_NUMBER, Counter
from avrdeck.jobs.serials.stamping import Stamp, insist_on_place, stamp_chip, stamp_file, stamped
from avrdeck.protocol.errors import Fault, InputFault, Refused, UsageFault, VerifyError
from jobs.backups import chip_on
from virtual import board, programmer_on

VALUES = {**template.values_at(datetime(2026, 3, 1, tzinfo=UTC), lambda: uuid.UUID(int=7)), "counter": 42}


def test_a_counter_counts_and_a_person_can_read_and_set_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "counter"
    counter = Counter(path, first=7)
    assert counter.peek() == 7
    assert [counter.draw() for _ in range(3)] == [7, 8, 9]
    assert path.read_text() == "10\n"
    path.write_text("500")
    assert Counter(path).draw() == 500
    assert sorted(each.name for each in path.parent.iterdir()) == ["counter", "counter.lock"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"ten\n",
        b"-1\n",
        b"1.5",
        b"1\n2\n",
        b"1\r\r\n",
        b"\xff\xfe",
        b"1" * 21,
        b"9" * 20,
        b"1 \n",
    ],
)
def test_a_damaged_counter_does_not_begin_again(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "counter"
    path.write_bytes(content)
    with pytest.raises(InputFault, match="holds no number"):
        Counter(path).draw()
    assert path.read_bytes() == content


def test_a_counter_ends_before_it_wraps(tmp_path: Path) -> None:
    path = tmp_path / "counter"
    path.write_text(str(MAX_NUMBER))
    with pytest.raises(InputFault, match="come to its end"):
        Counter(path).draw()


def test_a_counter_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputFault, match="cannot be used"):
        Counter(tmp_path / "file" / "counter").draw()
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputFault, match="cannot be used"):
        Counter(tmp_path / "folder").draw()


def test_a_number_that_cannot_be_kept_is_not_handed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full, or the machine stops, in the middle of writing: the old file stays whole."""
    counter = Counter(tmp_path / "counter")
    counter.draw()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(InputFault, match="No space left"):
            counter.draw()
    assert counter.draw() == 2
    assert sorted(each.name for each in tmp_path.iterdir()) == ["counter", "counter.lock"]


def test_a_counter_that_stays_locked_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avrdeck.jobs.serials.counter.PATIENCE", 0.02)
    counter = Counter(tmp_path / "counter")
    holder = drawing(tmp_path / "counter", HOLDER)
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(Fault, match="stays locked"):
        counter.draw()
    holder.kill()
    holder.communicate()
    assert counter.draw() == 1


DRAWER = """
import sys
from pathlib import Path
from avrdeck.jobs.serials.counter import Counter
counter = Counter(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(int(sys.argv[2])):
    print(counter.draw(), flush=True)
"""
HOLDER = """
import sys
from pathlib import Path
from avrdeck.jobs.serials.counter import _locked
with _locked(Path(sys.argv[1] + ".lock")):
    print("held", flush=True)
    sys.stdin.readline()
"""


def drawing(path: Path, program: str = DRAWER, count: int = 200) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, str(path), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def release(runs: list[subprocess.Popen[str]]) -> None:
    """Let them all go at once."""
    for run in runs:
        assert run.stdout
        assert run.stdout.readline() == "ready\n"
    for run in runs:
        assert run.stdin
        run.stdin.write("go\n")
        run.stdin.flush()


def test_programs_at_once_never_draw_one_number_twice(tmp_path: Path) -> None:
    for number in range(20):
        path = tmp_path / f"counter{number}"
        runs = [drawing(path) for _ in range(3)]
        release(runs)
        drawn = [[int(line) for line in run.communicate(timeout=60)[0].split()] for run in runs]
        assert sorted(chain(*drawn)) == list(range(1, 601))
        assert all(numbers == sorted(numbers) for numbers in drawn)
        if any(numbers[-1] - numbers[0] > 200 for numbers in drawn):
            return
    pytest.fail("on this machine they always run one after the other")


def test_a_program_that_is_killed_takes_no_number_back(tmp_path: Path) -> None:
    """Killed wherever it happens to be, ten times: every number that was told is told once."""
    path = tmp_path / "counter"
    told: list[int] = []
    for turn in range(10):
        run = drawing(path, count=1_000_000)
        release([run])
        assert run.stdout
        told += [int(run.stdout.readline()) for _ in range(5 + turn)]
        run.send_signal(signal.SIGKILL)
        rest = run.communicate()[0].split("\n")
        told += [int(line) for line in rest[:-1]]
    assert len(set(told)) == len(told)
    assert Counter(path).draw() > max(told)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("SN-{counter:6}", "SN-000042"),
        ("{counter}", "42"),
        ("{counter:4X}", "002A"),
        ("{counter:x}", "2a"),
        ("{{{counter}}}", "{42}"),
        ("{year}-{month}-{day} {date}", "2026-03-01 20260301"),
        ("{uuid}", "00000000-0000-0000-0000-000000000007"),
        ("plain % text $counter", "plain % text $counter"),
    ],
)
def test_templates(text: str, rendered: str) -> None:
    assert template.parse(text).render(VALUES) == rendered


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{counter", "brace"),
        ("counter}", "brace"),
        ("{}", "brace"),
        ("{0}", "brace"),
        ("{counter.__class__}", "brace"),
        ("{counter!r}", "brace"),
        ("{counter[0]}", "brace"),
        ("{counter:{counter}}", "brace"),
        ("{counter:999999999}", "brace"),
        ("{counter:99}", "wider than 32"),
        ("{passwd}", "knows no {passwd}"),
        ("x" * 257, "at most 256"),
    ],
)
def test_templates_that_mean_nothing_are_refused(text: str, says: str) -> None:
    with pytest.raises(UsageFault) as caught:
        template.parse(text)
    assert says in caught.value.title


@pytest.mark.parametrize(
    ("text", "says"),
    [("{counter:1}", "does not fit"), ("{uid}", "not known here"), ("{year:x}", "no hex form")],
)
def test_templates_that_cannot_be_filled_are_refused(text: str, says: str) -> None:
    with pytest.raises(UsageFault, match=says):
        template.parse(text).render(VALUES)


@given(st.text(alphabet=st.sampled_from("{}:counterx06 {{") | st.characters()))
def test_any_text_is_a_template_or_refused(text: str) -> None:
    try:
        rendered = template.parse(text).render(dict.fromkeys(template.NAMES, 1))
    except UsageFault:
        return
    assert len(rendered) <= len(text) + 32 * 256


def test_numbers_and_digits_become_bytes() -> None:
    assert template.counted(0x1234, 4) == b"\x34\x12\x00\x00"
    assert template.counted(0x1234, 2, "big") == b"\x12\x34"
    assert template.fixed("0x01 02:FF") == b"\x01\x02\xff"
    for bad in (lambda: template.counted(256, 1), lambda: template.fixed("0g"), lambda: template.fixed("")):
        with pytest.raises(UsageFault):
            bad()
    with pytest.raises(UsageFault):
        template.encoded("")
    with pytest.raises(UsageFault):
        template.encoded("\ud800")


@st.composite
def images(draw: st.DrawFn) -> Image:
    starts = sorted(draw(st.sets(st.integers(0, 9), max_size=5)))
    segments = tuple(Segment(start * 20, draw(st.binary(min_size=1, max_size=19))) for start in starts)
    return Image("x.hex", segments)


@given(images(), st.integers(0, 220), st.binary(min_size=1, max_size=40))
def test_a_stamp_changes_its_own_bytes_and_no_others(image: Image, address: int, data: bytes) -> None:
    result = stamped(image, Stamp(data, address, "flash", overwrite=True))
    expected = bytearray(image.flat(300))
    expected[address : address + len(data)] = data
    assert result.flat(300) == expected
    covered = {at for part in image.segments for at in range(part.start, part.end)}
    covered |= set(range(address, address + len(data)))
    assert {at for part in result.segments for at in range(part.start, part.end)} == covered
    assert all(
        first.end < second.start for first, second in zip(result.segments, result.segments[1:], strict=False)
    )


@given(images(), st.integers(0, 220), st.binary(min_size=1, max_size=40))
def test_data_is_not_overwritten_unless_told(image: Image, address: int, data: bytes) -> None:
    stamp = Stamp(data, address, "flash")
    if set(image.read(address, len(data))) <= {0xFF}:
        assert stamped(image, stamp).read(address, len(data)) == data
    else:
        with pytest.raises(Refused, match="has data at"):
            stamped(image, stamp)


def test_a_stamp_for_another_memory_is_refused() -> None:
    with pytest.raises(UsageFault, match="for eeprom, the file holds flash"):
        stamped(Image.of(b"x"), Stamp(b"1", 0))


@pytest.mark.parametrize(
    ("name", "stamp"),
    [
        ("ATtiny13", Stamp(b"12", 63)),
        ("ATtiny13", Stamp(b"1", 1024, "flash")),
        ("ATtiny13", Stamp(b"1", -1, "flash")),
        ("ATmega328P", Stamp(b"1", 0, "lfuse")),
    ],
)
def test_a_stamp_outside_the_part_is_refused(name: str, stamp: Stamp) -> None:
    with pytest.raises(UsageFault):
        insist_on_place(stamp, part(name))


def test_a_copy_of_a_file_is_stamped(tmp_path: Path) -> None:
    source, target = tmp_path / "app.hex", tmp_path / "app-1.hex"
    source.write_text(":0400000000C0FDCF70\n:00000001FF\n")
    stamp_file(source, target, Stamp(b"SN1", 0x10, "flash"), part("ATtiny13"))
    assert load_image(target, "flash").segments == (Segment(0, b"\x00\xc0\xfd\xcf"), Segment(0x10, b"SN1"))
    with pytest.raises(Refused, match=r"app\.hex has data"):
        stamp_file(source, target, Stamp(b"SN2", 2, "flash"))
    assert b"SN1".hex().upper() in target.read_text()
    with pytest.raises(UsageFault, match="outside"):
        stamp_file(source, target, Stamp(b"SN2", 0x3FE, "flash"), part("ATtiny13"))


@pytest.mark.parametrize("memory", ["eeprom", "flash"])
async def test_a_chip_is_stamped_where_it_is_blank(memory: str) -> None:
    wire = board("part=attiny13")
    programmer = await programmer_on(wire)
    stamp = Stamp(b"SN1", 0x11, memory)
    await stamp_chip(programmer, stamp)
    cells = getattr(wire.machine.target.cells, memory)
    assert cells[0x10:0x15] == b"\xffSN1\xff"
    await stamp_chip(programmer, stamp)
    with pytest.raises(Refused, match="The chip has data") as caught:
        await stamp_chip(programmer, Stamp(b"SN2", 0x12, memory))
    assert caught.value.holds == "The chip is unchanged."


async def test_eeprom_can_be_overwritten_and_flash_cannot() -> None:
    wire, programmer = await chip_on()
    await stamp_chip(programmer, Stamp(b"SN1", 0x11, "eeprom", overwrite=True))
    cells = wire.machine.target.cells
    assert cells.eeprom[0x11:0x14] == b"SN1"
    held = bytes(cells.flash)
    with pytest.raises(VerifyError, match="Flash is not erased"):
        await stamp_chip(programmer, Stamp(b"\xff\xff\xff", 0x11, "flash", overwrite=True))
    assert cells.flash == held
