"""Arduino cores: the defects and traps that their files can hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avrdeck.boards.boards_txt import core, properties
from boards.conftest import keys


@pytest.mark.parametrize(
    "path",
    [
        "../../../secret.hex",
        "../secret.hex",
        "{secret}",
        "link.hex",
        "folder/secret.hex",
        "..",
        "",
        "x" * 5000,
        "acme:other/boot.hex",
        "a\0b.hex",
    ],
)
def test_no_file_outside_the_bootloaders_of_the_core_is_ever_used(make, tmp_path, path):
    secret = tmp_path / "secret.hex"
    secret.touch()
    found = make("a.name=A\n", {"bootloaders/boot.hex": ""})
    (found.folder / "bootloaders/link.hex").symlink_to(secret)
    (found.folder / "bootloaders/folder").symlink_to(tmp_path)
    text = f"a.name=A\na.secret={secret}\nsecret={secret}\na.bootloader.file={path}\n"
    board = make(text).board("a", {})
    assert board.bootloader_file is None
    assert ("bootloader.file" in keys(board)) == bool(path)


def test_a_boards_txt_that_is_a_link_out_of_the_core_is_not_read(tmp_path):
    (tmp_path / "other.txt").write_text("a.name=A\n")
    folder = tmp_path / "core"
    folder.mkdir()
    (folder / "boards.txt").symlink_to("../other.txt")
    found = core.load(folder)
    assert found.listings() == ()
    assert "not a file of the core" in found.findings[0].message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{a}", "refers to itself through a"),
        ("0x{d}", "refers to itself through d"),
        ("{x1}", "grows beyond"),
        ("{e}", "refers to nobody, which nothing defines"),
    ],
)
def test_templates_that_cannot_be_expanded_end_with_a_reason(text, says):
    values = {"a": "{b}", "b": "{a}", "d": "1{d}", "e": "{nobody}"}
    values |= {f"x{n}": f"{{x{n + 1}}}" * 50 for n in range(1, 12)} | {"x12": "y" * 1000}
    expanded, problem = properties.expand(text, values)
    assert says in problem
    assert len(expanded) < 20


def test_a_template_may_grow_to_the_bound_and_no_further():
    values = {"a": "x" * (properties.MAX_EXPANDED // 2), "b": ""}
    whole, problem = properties.expand("{a}{a}{b}", values)
    assert (len(whole), problem) == (properties.MAX_EXPANDED, "")
    assert properties.expand("{a}{a}{b}y", values)[1].startswith("grows beyond")


def test_templates_nest():
    values = {"a": "{b}{c}", "b": "1", "c": "{d}", "d": "", "key.2": "two", "which": "2"}
    assert properties.expand("<{a}>", values) == ("<1>", "")
    assert properties.expand("{key.{which}}", values) == ("two", "")
    assert properties.expand("{}{ {", values) == ("{}{ {", "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0xFF", 255), ("0XfD", 253), ("0b11110101", 0xF5), ("16000000L", 16_000_000),
        ("8000000UL", 8_000_000), ("0", 0), ("57600", 57600),
        ("0x", None), ("010", None), ("0b12", None), ("1e3", None), ("-1", None),
        ("1_000", None), ("\u0661", None), ("0b1111{x}", None), ("9" * 50, None),
    ],
)  # fmt: skip
def test_numbers(text, value):
    assert properties.number(text) == value


def test_latin_1_bom_crlf_and_lines_that_are_none():
    found = properties.parse(
        b"\xef\xbb\xbfa.name=Ard\xefno\r\n  b = x=y \r\nnonsense\n=1\n\n# c=1\nd=\x1b[2J\ne=\xc3\xba\n"
    )
    assert found.values == {"a.name": "Ard\u00efno", "b": "x=y", "d": "\\x1b[2J", "e": "\u00fa"}
    assert [finding.message for finding in found.findings] == [
        "boards.txt, line 3, is not key=value: ignored",
        "boards.txt, line 4, is not key=value: ignored",
    ]


def test_a_huge_boards_txt_is_read_and_garbage_is_bounded(make):
    lines = [f"b{n}.name=Board {n}\nb{n}.build.mcu=atmega8" for n in range(100_000)]
    found = make("\n".join(lines))
    assert found.board("b99999", {}).part == "ATmega8"
    garbage = properties.parse(b"?\n" * 200_000 + b"a.name=" + b"A" * 100_000 + b"\nb.name=B\n")
    assert garbage.values == {"b.name": "B"}
    assert len(garbage.findings) == properties.MAX_FINDINGS + 1
    assert "has 199981 more defects" in garbage.findings[-1].message


def test_what_is_beyond_the_bounds_is_left_out(monkeypatch):
    monkeypatch.setattr(properties, "MAX_LINES", 2)
    found = properties.parse(b"a=1\nb=2\nc=3\n")
    assert found.values == {"a": "1", "b": "2"}
    assert "more than 2 lines" in found.findings[0].message
    assert properties.parse(b"a=1\nb=2\n").findings == ()
    monkeypatch.setattr(properties, "MAX_BYTES", 4)
    cut = properties.parse(b"a=1\nb=2\n")
    assert cut.values == {"a": "1"}
    assert "larger than" in cut.findings[0].message
    assert properties.parse(b"a=1\n").findings == ()
    monkeypatch.setattr(properties, "MAX_LINE", 3)
    assert properties.parse(b"a=1\n").values == {"a": "1"}
    assert "longer than 3 bytes" in properties.parse(b"a=10").findings[0].message


def test_a_file_is_read_no_further_than_the_bound(tmp_path, monkeypatch):
    (tmp_path / "boards.txt").write_bytes(b"a=1\nb=2\n" * 1000)
    monkeypatch.setattr(properties, "MAX_BYTES", 6)
    found = properties.read(tmp_path / "boards.txt")
    assert found.values == {"a": "1", "b": ""}
    assert "larger than" in found.findings[0].message


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path):
    assert properties.read(tmp_path).values == {}
    assert "cannot be read" in properties.read(tmp_path / "none.txt").findings[0].message


@settings(max_examples=200)
@given(st.binary(max_size=600))
def test_any_bytes_are_read(content):
    found = properties.parse(content)
    assert all(text.isprintable() for pair in found.values.items() for text in pair)


pieces = st.sampled_from(["{a}", "{b}", "{c}", "{", "}", "0x1", "", "{a{b}}"])


templates = st.lists(pieces, max_size=6).map("".join)


@given(templates, st.fixed_dictionaries({"a": templates, "b": templates, "c": templates}))
def test_any_template_ends_within_bounds(text, values):
    expanded, problem = properties.expand(text, values)
    assert len(expanded) <= properties.MAX_EXPANDED
    if not problem:
        assert not any(f"{{{key}}}" in expanded for key in values)


lines = st.tuples(
    st.sampled_from(["a.", "", "menu.", "a.menu.m.", "a.menu.m.o.", "a.menu.m.p."]),
    st.sampled_from(
        [
            "name",
            "m",
            "o",
            "build.mcu",
            "build.f_cpu",
            "bootloader.low_fuses",
            "bootloader.file",
            "bootloader.path",
        ]
    ),
    st.sampled_from(
        ["A", "atmega328p", "attiny12", "0xFF", "0b1{x}", "{name}", "{bootloader.file}", "../x", "", "16L"]
    ),
).map(lambda line: f"{line[0]}{line[1]}={line[2]}")


@settings(max_examples=200)
@given(st.lists(lines, max_size=30))
def test_any_core_resolves_all_its_boards(tmp_path_factory, text):
    folder = tmp_path_factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    (folder / "boards.txt").write_text("\n".join(text))
    found = core._load.__wrapped__(folder, ())
    for listing in found.listings():
        board = found.board(listing.short_id, {})
        assert all(0 <= value <= 0xFF for value in board.fuses.values())
        assert board.bootloader_file is None
