"""The part files: they load, follow their rules, and are found by name, id and signature."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from avrdeck.boards import catalog
from avrdeck.boards.datafile import DATA, DataError, Node
from avrdeck.boards.partdata import parts, values
from avrdeck.boards.partdata.parts import part_of, read_table
from avrdeck.boards.partdata.values import clock_codes

NAMES = catalog.part_names()
ROOT = Path(__file__).parents[2]


def test_there_are_all_parts():
    assert len(NAMES) == 190
    assert len(set(NAMES)) == 190
    assert len({summary.avrdude_id for summary in catalog.summaries()}) == 190
    assert {path.stem for path in Path(DATA, "parts").glob("*.toml")} == set(NAMES)


def test_index_is_fresh():
    check = [sys.executable, ROOT / "boards/tools/make_index.py", "--check"]
    assert subprocess.run(check, check=False, timeout=60).returncode == 0, "run boards/tools/make_index.py"


@pytest.mark.parametrize("name", NAMES)
def test_part_is_consistent(name):
    part = catalog.part(name)
    summary = next(summary for summary in catalog.summaries() if summary.name == name)
    assert (part.name, part.avrdude_id, part.signature) == (name, summary.avrdude_id, summary.signature)
    assert part.family == summary.family
    assert part.flash.size == summary.flash
    assert (part.eeprom.size if part.eeprom else 0) == summary.eeprom
    assert part.flash.size % (part.flash.page_size or 2) == 0
    assert "lock" in part.fuses
    assert part.flash.needs_extended_address == (part.flash.size > 128 * 1024)
    for fuse in part.fuses.values():
        union = 0
        for bits in fuse.fields:
            assert not union & bits.mask, bits.name
            union |= bits.mask
        assert not fuse.fields or union == fuse.used_mask
        assert not (fuse.read_mask | fuse.write_mask) & ~fuse.used_mask
        assert (f"{fuse.name}.read" in part.opcodes) == fuse.readable
        assert (f"{fuse.name}.write" in part.opcodes) == fuse.writable


@pytest.mark.parametrize("name", NAMES)
def test_factory_bytes_are_legal(name):
    part = catalog.part(name)
    for fuse in part.fuses.values():
        if fuse.factory is None:
            continue
        for bits in fuse.fields:
            assert bits.default == bits.get(fuse.factory)
            assert bits.meaning(bits.default), f"{name} {bits.name} = {bits.default:b}"


@pytest.mark.parametrize("name", NAMES)
def test_every_instruction_is_told_apart(name):
    """Of two patterns that take the same instruction, one is more precise, or both read the same byte."""
    part = catalog.part(name)
    for opcode in part.opcodes.values():
        word = int.from_bytes(opcode.encode(0, 0), "big")
        matching = [other for other in part.opcodes.values() if other.matches(word)]
        best = max(other.fixed_bits for other in matching)
        winners = {other.name for other in matching if other.fixed_bits == best}
        if opcode.name == "prodsig.read":
            continue  # its byte 0 is the first byte of the signature
        assert opcode.name in winners
        assert winners in ({opcode.name}, {"fuse.read", "lock.read"})


def test_every_value_table_is_used():
    used = {
        bits["values"]
        for name in NAMES
        for memory in ("fuse", "lfuse", "hfuse", "efuse")
        for bits in read_table(name).get(memory, {}).get("fields", {}).values()
        if "values" in bits and bits["role"] != "bod_level"
    }
    assert {path.stem for path in Path(DATA, "clocks").glob("*.toml")} == used


# -- lookup ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["ATmega328P", "ATMEGA328p", "m328p", "M328P", " atmega328p "])
def test_names_and_ids_in_any_case(spelling):
    assert catalog.part(spelling).name == "ATmega328P"


@pytest.mark.parametrize(
    ("wrong", "near"), [("ATmega382P", "ATmega328P"), ("attiny58", "ATtiny85"), ("m2650", "ATmega2560")]
)
def test_unknown_part_names_the_nearest(wrong, near):
    with pytest.raises(catalog.UnknownPart) as caught:
        catalog.part(wrong)
    assert near in caught.value.nearest
    assert near in str(caught.value)


@pytest.mark.parametrize("wrong", ["", "x" * 10_000, "../../etc/passwd", "\x1b[2J"])
def test_nonsense_names_are_refused_shortly(wrong):
    with pytest.raises(catalog.UnknownPart) as caught:
        catalog.part(wrong)
    assert len(str(caught.value)) < 200
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        ("1E950F", ("ATmega328P", "ATA6614Q", "LGT8F328P")),
        ("1E9307", ("ATmega8", "ATmega8A")),
        ("1E9702", ("ATmega128", "ATmega128A", "ATmegaS128")),
        ("1E9487", ("ATtiny167", "ATA5505", "ATA6617C", "ATA664251")),
        ("1E930B", ("ATtiny85",)),
        ("FFFFFF", ()),
    ],
)
def test_signature_gives_every_candidate_best_first(signature, expected):
    found = catalog.by_signature(bytes.fromhex(signature))
    assert tuple(part.name for part in found) == expected
    for part in found:
        assert set(part.shares_signature_with) == set(expected) - {part.name}


def test_shared_signature_never_guesses_a_clone_first():
    for summary in catalog.summaries():
        first = catalog.by_signature(summary.signature)[0]
        assert first.is_avr == catalog.part(summary.name).is_avr
        assert not first.clone


def test_lookup_reads_no_other_part():
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "opened = []\n"
        "def note(event, args):\n"
        "    if event == 'open': opened.append(str(args[0]))\n"
        "sys.addaudithook(note)\n"
        "from avrdeck.boards import catalog\n"
        "catalog.part('m328p')\n"
        "print(sorted(path.stem for path in map(Path, opened) if path.parent.name == 'parts'))\n"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert out.stdout.strip() == "['ATmega328', 'ATmega328P']"


def test_listing_reads_no_part_at_all():
    code = (
        "import sys\nfrom avrdeck.boards import catalog\ncatalog.summaries()\nprint('tomllib' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert out.stdout.strip() == "False"


# -- marks that stay ---------------------------------------------------------------------------------------


def test_disputes_stay():
    disputed = {name: [dispute.item for dispute in catalog.part(name).disputes] for name in NAMES}
    assert {name for name, items in disputed.items() if items} == {
        "ATtiny15", "ATtiny2313", "ATtiny2313A", "ATtiny4313", "ATtiny48", "ATtiny88", "AT90CAN32",
        "AT90CAN64", "AT90PWM81", "AT90PWM161", "AT90USB646", "AT90USB647", "AT90USB82", "ATmega103",
        "ATmega161", "ATmega163", "ATmega16U4", "ATmega32U4",
        "ATtiny261", "ATtiny261A", "ATtiny461", "ATtiny461A", "ATtiny861", "ATtiny861A",
    }  # fmt: skip
    factory = catalog.part("ATmega32U4").disputes[0]
    assert (factory.item, factory.preferred, factory.claims["avr_libc"]) == ("lfuse_factory", "0x52", "0x51")


def test_inferred_values_stay():
    inferred = {
        name
        for name in NAMES
        for bits in catalog.part(name).fields
        if any(known.inferred for known in bits.values)
    }
    assert inferred == {"ATtiny2313", "ATtiny2313A", "ATtiny4313", "AT90CAN32", "AT90CAN64"}


def test_x61_lock_write_is_the_data_sheets():
    for name in ("ATtiny261", "ATtiny461A", "ATtiny861"):
        assert catalog.part(name).opcodes["lock.write"].encode(0, 0xFC) == bytes([0xAC, 0xE0, 0x00, 0xFC])


@pytest.mark.parametrize(
    ("name", "operation", "address", "data", "frame"),
    [
        ("ATmega328P", "flash.read_hi", 0x3FFF, 0, "28 3F FF 00"),
        ("ATmega328P", "lfuse.write", 0, 0xE2, "AC A0 00 E2"),
        ("ATmega328P", "prodsig.read", 0x0F, 0, "38 00 07 00"),
        ("ATmega2560", "flash.load_ext_addr", 0x10000, 0, "4D 00 01 00"),
        ("AT90S2333", "fuse.write", 0, 0x1F, "AC BF 00 00"),
        ("AT90S2333", "fuse.write", 0, 0x00, "AC A0 00 00"),
        ("AT90S8535", "lock.write", 0, 0x06, "AC FF 00 00"),
        ("AT90S2313", "lock.write", 0, 0x00, "AC E0 00 00"),
        ("ATtiny15", "fuse.write", 0, 0x5C, "AC A0 00 5C"),
        ("AT89S52", "signature.read", 1, 0, "28 01 00 00"),
    ],
)
def test_instructions(name, operation, address, data, frame):
    assert catalog.part(name).opcodes[operation].encode(address, data) == bytes.fromhex(frame)


# -- the schema --------------------------------------------------------------------------------------------


def part_from(name="ATmega328P", **changes):
    table = json.loads(json.dumps(read_table(name)))
    for path, value in changes.items():
        *parents, key = path.split("__")
        inner = table
        for parent in parents:
            inner = inner[parent]
        if value is None:
            del inner[key]
        else:
            inner[key] = value
    return part_of(Node(table, f"{name}.toml"), name)


def test_an_unchanged_table_loads():
    assert part_from().flash == catalog.part("ATmega328P").flash


@pytest.mark.parametrize(
    ("changes", "key", "problem"),
    [
        ({"flash__page_sise": 128}, "flash.page_sise", "nearest known is page_size"),
        ({"colour": "red"}, "colour", "unknown key"),
        ({"flash__size": "32K"}, "flash.size", "must be int"),
        ({"flash__size": True}, "flash.size", "must be int"),
        ({"flash__size": -1}, "flash.size", "must be positive"),
        ({"flash": None}, "flash", "missing"),
        ({"signature": [0x1E, 0x95]}, "signature", "3 bytes"),
        ({"signature": [0x1E, 0x95, 0x1FF]}, "signature", "must be a byte"),
        ({"vcc": [5.5, 1.8]}, "vcc", "above"),
        ({"lfuse__factory": 256}, "lfuse.factory", "must be a byte"),
        ({"lfuse__fields__CKOUT": {"mask": 0x41, "role": "clock_output"}}, "lfuse.fields.CKOUT", "shares"),
        ({"lfuse__fields__CKOUT__role": "clock_out"}, "lfuse.fields.CKOUT.role", "no such role"),
        ({"lfuse__fields__SUT_CKSEL__values": "ATmega9"}, "", "no such data file"),
        ({"lfuse__fields__SUT_CKSEL__values": "../parts/x"}, "lfuse.fields.SUT_CKSEL.values", "no table"),
        ({"lfuse__fields__SUT_CKSEL__mask": 0x0F}, "lfuse.fields.SUT_CKSEL.values", "does not fit"),
        ({"efuse__fields__BODLEVEL__values": "none"}, "efuse.fields.BODLEVEL.values", "no table none"),
        ({"boot": None}, "hfuse.fields.BOOTSZ.role", "needs a [boot]"),
        ({"isp": {"lfuse.write": "1010"}}, "isp.lfuse.write", "not a 32-symbol pattern"),
        ({"interfaces__hv": "HVXX"}, "interfaces.hv", "HVXX"),
        ({"clock": {"fixed": "sun_dial"}}, "clock.fixed", "sun_dial"),
    ],
)  # fmt: skip
def test_errors_name_file_and_key(changes, key, problem):
    with pytest.raises(DataError) as caught:
        part_from(**changes)
    assert caught.value.file.endswith(".toml")
    assert caught.value.key == key
    assert problem in str(caught.value)


def test_a_parent_that_leads_round_is_an_error(monkeypatch):
    monkeypatch.setattr(parts, "_read", lambda name: {"parent": "B" if name == "A" else "A"})
    with pytest.raises(DataError, match="parents"):
        read_table("A")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ({"kind": "moon", "codes": [0]}, "must be one of"),
        ({"kind": "external_clock", "codes": [0], "colour": 1}, "unknown key"),
        ({"kind": "external_clock", "columns": ["code", "ck"], "rows": [[0, 6]]}, "unknown key"),
        ({"kind": "external_clock", "columns": ["code", "delay_ms"], "rows": [[0]]}, "has not the columns"),
        ({"kind": "external_clock", "codes": [0, 0]}, "twice"),
        ({"kind": "external_clock", "codes": ["0"]}, "must be int"),
    ],
)
def test_errors_in_clock_tables(source, problem, monkeypatch):
    monkeypatch.setattr(values, "read_toml", lambda _: {"source": [source]})
    with pytest.raises(DataError, match=problem):
        clock_codes.__wrapped__("test", "clock")


# -- cost --------------------------------------------------------------------------------------------------


def test_cost_of_one_part_and_of_the_list():
    code = (
        "import time, tracemalloc\n"
        "from avrdeck.boards import catalog\n"
        "import avrdeck.boards.partdata.parts\n"
        "start = time.process_time()\n"
        "catalog.part('ATmega328P')\n"
        "one = time.process_time() - start\n"
        "start = time.process_time()\n"
        "catalog.summaries()\n"
        "print(one, time.process_time() - start)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    one, listing = map(float, out.stdout.split())
    assert one < 0.030
    assert listing < 0.150


def test_memory_of_one_part():
    code = (
        "import tracemalloc\n"
        "tracemalloc.start()\n"
        "from avrdeck.boards import catalog\n"
        "catalog.part('ATmega328P')\n"
        "print(tracemalloc.get_traced_memory()[1])\n"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert int(out.stdout) < 8 * 1024 * 1024
