"""``baud``, ``wiring``, and what they are typed and laid out with."""

import subprocess
import sys

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avrdeck.commands.reference.amounts import HERTZ, PER_CENT, VOLTS
from avrdeck.commands.reference.layout import WIDTH, bit_picture, cells, cut, size_text, table, wrapped
from commands.conftest import Avrdeck


def test_baud_shows_both_modes_and_the_better_one(avrdeck: Avrdeck) -> None:
    out = avrdeck("baud", "16MHz", "115200").out
    assert "115200 baud at 16 MHz, an exact clock\n" in out
    assert "normal speed           8  111111  -3.55 %   -3.55 %  marginal\n" in out
    assert "double speed (U2X)    16  117647  +2.12 %   +2.12 %  marginal  best\n" in out
    data = avrdeck("baud", "16000000L", "115200", "--json").json
    assert data["best"] == "u2x"
    assert data["rates"][1] == {
        "mode": "u2x", "ubrr": 16, "actual": 117647.059, "error": 2.1242, "error_low": 2.1242,
        "error_high": 2.1242, "verdict": "marginal",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "accuracy", "verdict"),
    [
        ([], 0.0, "good"),
        (["--clock", "resonator"], 0.5, "good"),
        (["--clock", "rc"], 10.0, "bad"),
        (["--accuracy", "2%"], 2.0, "marginal"),
        (["--clock", "rc", "--accuracy", "0"], 0.0, "good"),
    ],
)
def test_the_clock_counts(avrdeck: Avrdeck, arguments: list[str], accuracy: float, verdict: str) -> None:
    data = avrdeck("baud", "8M", "38400", *arguments, "--json").json
    assert (data["accuracy"], data["rates"][0]["verdict"]) == (accuracy, verdict)


def test_a_rate_out_of_reach_is_impossible(avrdeck: Avrdeck) -> None:
    assert avrdeck("baud", "1MHz", "1000000").out.count("impossible") == 2
    assert avrdeck("baud", "1MHz", "1000000", "--json").json["rates"][0]["ubrr"] is None


@pytest.mark.parametrize("arguments", [["16XHz", "9600"], ["-5", "9600"], ["16MHz", "0"], ["16MHz", "fast"]])
def test_what_is_no_clock_or_rate_is_refused(avrdeck: Avrdeck, arguments: list[str]) -> None:
    assert avrdeck("baud", *arguments).status == 2


def test_wiring_is_drawn_and_told(avrdeck: Avrdeck) -> None:
    out = avrdeck("wiring", "uno", "attiny85").out
    assert "D10                 ------- RESET ------->  pin 1\n" in out
    assert "10 uF" in out
    assert max(map(len, out.splitlines())) <= 80
    data = avrdeck("wiring", "uno", "t85", "--json").json
    assert data["target"] == "ATtiny85, DIP-8"
    assert data["capacitor"] is True
    assert {"signal": "MOSI", "programmer": "D11 or ICSP-4", "target": "pin 5 (PB0)"} in data["wires"]


def test_levels_are_not_mixed_without_a_warning(avrdeck: Avrdeck) -> None:
    assert avrdeck("wiring", "uno", "--vcc", "5", "--json").json["warnings"] == []
    assert "destroy" in avrdeck("wiring", "due", "--vcc", "5").out


@pytest.mark.parametrize(("arguments", "near"), [(["unoo"], "uno"), (["uno", "atiny85"], "attiny85")])
def test_unknown_ends_of_a_wire_name_the_nearest(avrdeck: Avrdeck, arguments: list[str], near: str) -> None:
    ran = avrdeck("wiring", *arguments)
    assert ran.status == 2
    assert near in ran.err


@pytest.mark.parametrize(
    ("text", "hz"),
    [("16MHz", 16_000_000), ("16 mhz", 16_000_000), ("16M", 16_000_000), ("32.768kHz", 32_768),
     ("8000000UL", 8_000_000), ("16000000L", 16_000_000), ("1", 1), ("7.3728MHz", 7_372_800)],
)  # fmt: skip
def test_frequencies(text: str, hz: int) -> None:
    assert HERTZ.convert(text, None, None) == hz


@pytest.mark.parametrize("text", ["0", "0.0000001", "1001MHz", "9999999999", "1e6", "16 MHz 8", "-1", "١"])
def test_what_is_no_frequency(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write 16MHz"):
        HERTZ.convert(text, None, None)


@given(st.text(max_size=30))
def test_no_text_is_anything_but_an_amount_or_refused(text: str) -> None:
    for kind, most in ((HERTZ, 1e9), (VOLTS, 6), (PER_CENT, 50)):
        try:
            assert 0 <= kind.convert(text, None, None) <= most
        except click.BadParameter as error:
            assert len(error.message) < 300


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9)), min_size=1, max_size=5))
def test_columns_of_a_table_begin_one_below_the_other(rows: list[tuple[str, str]]) -> None:
    width = max(cells(first) for first, _ in rows)
    for (first, second), line in zip(rows, table(rows), strict=True):
        assert line == (first + " " * (width - cells(first)) + "  " + second).rstrip()


@given(st.text(max_size=200), st.integers(2, 90))
def test_what_is_cut_fits_and_what_fits_is_not_cut(text: str, width: int) -> None:
    shown = cut(text, width)
    assert cells(shown) <= width
    assert shown == text if cells(text) <= width else shown.endswith("…")


@given(st.text("ab ", max_size=300), st.sampled_from(["", "  ", "label  "]))
def test_wrapped_lines_fit_and_lose_nothing(text: str, first: str) -> None:
    lines = wrapped(text, first)
    assert max(map(len, lines)) <= WIDTH
    assert "".join(lines).split() == "".join([first, *lines]).split()[len(first.split()) :]
    assert "".join("".join(lines).split()).endswith("".join(text.split()))


def test_small_words() -> None:
    assert [size_text(size) for size in (0, 64, 1000, 1024, 262144)] == [
        "0 B",
        "64 B",
        "1000 B",
        "1 KiB",
        "256 KiB",
    ]
    assert (bit_picture(0x3F), bit_picture(0x81, 0x7F)) == ("..xx xxxx", "0... ...1")


@pytest.mark.parametrize(
    "arguments", [["parts"], ["part", "m328p"], ["decode", "t85", "factory"], ["boards"]]
)
def test_no_port_and_no_ui_is_loaded(arguments: list[str]) -> None:
    code = (
        "import sys; from avrdeck.commands.running import run; "
        f"run({arguments!r}); "
        "heavy = {'textual', 'prompt_toolkit', 'rich', 'intelhex', 'elftools', 'serial'} & set(sys.modules); "
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
