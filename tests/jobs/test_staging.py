"""Fuse edits as people write them."""

import pytest

from avrdeck.boards.catalog import part
from avrdeck.jobs.staging import fuse_byte, staged
from avrdeck.protocol.errors import UsageFault

UNO = part("m328p")
FACTORY = {"lfuse": 0x62, "hfuse": 0xD9, "efuse": 0xFF, "lock": 0xFF}


@pytest.mark.parametrize(
    ("text", "byte"),
    [
        ("98", 0x98),
        ("E2", 0xE2),
        ("e2", 0xE2),
        ("0xE2", 0xE2),
        ("5", 5),
        ("0B", 0x0B),
        ("0b11", 3),
        ("0B1", 1),
    ],
)
def test_a_fuse_byte_is_hex_as_in_data_sheets(text: str, byte: int) -> None:
    assert fuse_byte(text) == byte
    assert staged(UNO, FACTORY, f"lfuse={text}") == {**FACTORY, "lfuse": byte}


@pytest.mark.parametrize(
    "text", ["", "100", "255", "0x100", "0x", "0b2", "0b111111111", "G1", "-1", "1.", "E2 "]
)
def test_what_is_no_fuse_byte_is_refused(text: str) -> None:
    with pytest.raises(UsageFault, match="is no byte") as caught:
        fuse_byte(text)
    assert "hex" in caught.value.advice


@pytest.mark.parametrize(
    ("text", "byte"), [("98", 98), ("062", 0o62), ("0x62", 0x62), ("0b11", 3), ("0", 0), ("255", 255)]
)
def test_an_argument_of_avrdudes_means_what_it_means_there(text: str, byte: int) -> None:
    """As avrdude 7.1 writes them: 98 makes lfuse 0x62, 062 makes it 0x32."""
    assert staged(UNO, FACTORY, f"lfuse:w:{text}:m")["lfuse"] == byte


@pytest.mark.parametrize("text", ["256", "0777", "089", "E2", "0x100", ""])
def test_an_argument_that_avrdude_would_not_take_is_refused(text: str) -> None:
    with pytest.raises(UsageFault):
        staged(UNO, FACTORY, f"lfuse:w:{text}:m")
