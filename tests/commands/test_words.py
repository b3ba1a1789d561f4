import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.commands.raw.words import Repetition, byte, parse
from avrdeck.protocol.errors import UsageFault

SPELLINGS = [
    ("0", 0x00), ("1e", 0x1E), ("1E", 0x1E), ("0x1e", 0x1E), ("0b101", 5), ("30d", 30), ("255d", 255),
    ("1d", 0x1D), ("0d", 0x0D), ("'U'", 0x55), ("' '", 0x20), ("'''", 0x27), ("ff", 0xFF),
]  # fmt: skip


@pytest.mark.parametrize(("word", "value"), SPELLINGS)
def test_a_byte_has_many_spellings(word: str, value: int) -> None:
    assert byte(word) == value


@pytest.mark.parametrize(
    "word",
    ["", "100", "0x", "0x100", "0b2", "0b100000000", "256d", "'é'", "''", "g", "-1", "+1", "1_0", "１", " 1"],
)
def test_what_is_no_byte_is_refused(word: str) -> None:
    with pytest.raises(UsageFault, match="is no byte"):
        byte(word)


def frames(text: str) -> list[str]:
    return [frame.hex(" ") for frame in parse(text.split())[0].frames()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 00 02 00", ["30 00 02 00"]),
        ("30000200", ["30 00 02 00"]),
        ("30 00 {0..2} 00", ["30 00 00 00", "30 00 01 00", "30 00 02 00"]),
        ("{2..0}", ["02", "01", "00"]),
        ("{30,38} {0..1}", ["30 00", "30 01", "38 00", "38 01"]),
        ("{0,8..A,'U'}", ["00", "08", "09", "0a", "55"]),
    ],
)
def test_ranges_and_lists_expand_in_order(text: str, expected: list[str]) -> None:
    assert frames(text) == expected


def test_the_varying_positions_are_known() -> None:
    sweep, _ = parse(["{30,38}", "00", "{0..F}", "00"])
    assert (sweep.count, sweep.varying) == (32, (0, 2))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30", Repetition()),
        ("30 repeat 5", Repetition(5)),
        ("30 every 500ms repeat 2", Repetition(2, 0.5)),
        ("30 until =1E", Repetition(1_000_000, 0.0, 0x1E)),
        ("30 every 1.5s until =0 repeat 9", Repetition(9, 1.5, 0)),
    ],
)
def test_repetition_follows_the_bytes(text: str, expected: Repetition) -> None:
    assert parse(text.split())[1] == expected


@pytest.mark.parametrize(
    "text",
    [
        "30 repeat", "30 repeat 0", "30 repeat x", "30 repeat -1", "repeat", "30 repeat 2 30",
        "30 every 5", "30 every 2h", "30 every 9999999s", "30 until 1E", "30 until =",
        "{", "{}", "{1..}", "{..2}", "{1..2..3}", "{{1}}", "{0..FF} {0..FF} {0..FF}",
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_and_quoted(text: str) -> None:
    with pytest.raises(UsageFault):
        parse(text.split())


@given(st.lists(st.text(max_size=12), max_size=8))
def test_no_words_do_anything_but_parse_or_be_refused(words: list[str]) -> None:
    try:
        sweep, repetition = parse(words)
    except UsageFault as fault:
        assert fault.title.isprintable()
    else:
        assert 0 <= sweep.count <= 65_536
        assert repetition.times >= 1
