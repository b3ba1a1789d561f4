"""A part as a sheet of text, and as data for programs."""

from __future__ import annotations

from collections.abc import Iterator

from avrdeck.boards.fusefields import FieldState
from avrdeck.boards.labels import field_title, hz_label
from avrdeck.boards.models import BitField, FieldValue, Flag, Fuse, Part
from avrdeck.commands.reference.layout import bit_picture, labelled, size_text, table, wrapped

REFUSED = "What its fuse and lock bits mean is not known here: they are not decoded, judged or written."
NAME_CELLS = 11


def text(part: Part, *, verbose: bool = False) -> str:
    """The sheet, at most 80 columns wide; ``verbose`` adds instructions, timing and ordering codes."""
    lines = [*_head(part), "", *_memories(part)]
    for fuse in part.fuses.values():
        lines += ["", *_fuse(fuse, part)]
    for section in (_disputes(part), *((_instructions(part), _ordering(part)) if verbose else ())):
        lines += ["", *section] if section else []
    return "\n".join(lines)


def _head(part: Part) -> list[str]:
    supply = f"{part.vcc[0]:g}{chr(0x2013)}{part.vcc[1]:g} V" if part.vcc else ""
    clock = [f"up to {hz_label(part.fmax_hz)}"] if part.fmax_hz else []
    clock += [f"ships at {hz_label(part.factory_fcpu_hz)}"] if part.factory_fcpu_hz else []
    hv = part.interfaces.hv
    ways = ["ISP", "debugWIRE" if part.interfaces.debugwire else "", "JTAG" if part.interfaces.jtag else ""]
    ways.append(f"12 V ({hv.value})" if hv else "")
    rows = [
        ("Part", f"{part.name}, avrdude {part.avrdude_id}, {part.family}"),
        ("Signature", part.signature_text + _twins(part)),
        ("Supply", supply),
        ("Clock", ", ".join(clock)),
        ("Reached by", ", ".join(filter(None, ways))),
        ("Semantics", _strangeness(part)),
    ]
    return labelled([(label, said) for label, said in rows if said])


def _twins(part: Part) -> str:
    twins = ", ".join(part.shares_signature_with)
    return f", also that of {twins}: ISP cannot tell them apart" if twins else ""


def _strangeness(part: Part) -> str:
    if part.clone:
        return f"A clone of an AVR. {REFUSED}"
    return "" if part.is_avr else f"No AVR. {REFUSED}"


def _memories(part: Part) -> list[str]:
    rows = [("Memory", "size", "page", "write", "")]
    flash, eeprom = part.flash, part.eeprom
    note = "" if flash.page_size else "written word by word"
    rows.append(("flash", size_text(flash.size), _page(flash.page_size), _ms(flash.write_us), note))
    if eeprom:
        paged = "" if eeprom.isp_paged else "written byte by byte"
        rows.append(("eeprom", size_text(eeprom.size), _page(eeprom.page_size), _ms(eeprom.write_us), paged))
    for row in part.rows.values():
        place = f"at 0x{row.offset:02X} of the signature row" if row.offset else ""
        rows.append((row.name, size_text(row.size), "", "", place if row.readable else "not readable by ISP"))
    if part.sram:
        rows.append(("SRAM", f"{part.sram[1]} B", "", "", f"at 0x{part.sram[0]:04X}"))
    if part.boot:
        rows += [
            (
                "boot",
                size_text(size.size_bytes),
                "",
                "",
                f"{size.size_words} words at 0x{size.start_byte:04X}",
            )
            for size in part.boot.sections
        ]
    return table(rows, right=(1, 2, 3))


def _page(size: int | None) -> str:
    return f"{size} B" if size else "-"


def _ms(microseconds: int) -> str:
    return f"{microseconds / 1000:g} ms"


def _fuse(fuse: Fuse, part: Part) -> Iterator[str]:
    factory = "unknown" if fuse.factory is None else f"{fuse.factory:02X}"
    disputed = any(dispute.item == f"{fuse.name}_factory" for dispute in part.disputes)
    limits = [] if fuse.readable else ["not readable by ISP"]
    limits += [] if fuse.writable else ["not writable by ISP"]
    yield ", ".join([f"{fuse.name:6}factory {factory}{' (disputed)' if disputed else ''}", *limits])
    if not fuse.fields:
        yield f"  bits {bit_picture(fuse.used_mask)}, meaning not known"
    for bits in fuse.fields:
        yield from _field(bits, f"  {bits.name:{NAME_CELLS}}{bit_picture(bits.mask)}  ")


def _field(bits: BitField, start: str) -> Iterator[str]:
    """Flags in a line; other fields with a line for each legal value, * at the factory's."""
    title = field_title(bits) + (f", {bits.pin}" if bits.pin else "")
    states = [FieldState(bits, known.value, known) for known in bits.values]
    if all(isinstance(known.meaning, Flag) for known in bits.values):
        said = "; ".join(f"{_mark(state)}{state.bits} {state.label}" for state in states)
        yield from wrapped(f"{title}: {said}", start)
        return
    yield from wrapped(title, start)
    for state in states:
        guess = f" (inferred: {', '.join(state.inferred)})" if state.inferred else ""
        yield from wrapped(state.label + guess, f"      {_mark(state):1} {state.bits}  ")


def _mark(state: FieldState) -> str:
    return "*" if state.value == state.field.default else ""


def _disputes(part: Part) -> list[str]:
    lines = ["Disputed facts"] if part.disputes else []
    for dispute in part.disputes:
        lines.append(f"  {dispute.item}")
        for source, claim in dispute.claims.items():
            lines += wrapped(claim, f"    {source}: ", " " * 6)
        lines += wrapped(f"{dispute.preferred or 'none; do not rely on it'}", "    preferred: ")
        lines += wrapped(dispute.why, "    ")
    return lines


def _instructions(part: Part) -> list[str]:
    rows = [(name, opcode.pattern) for name, opcode in part.opcodes.items()]
    half = part.timing.sck_half_clocks
    notes = [f"A chip erase takes {_ms(part.timing.chip_erase_us)}."]
    notes += [] if part.timing.sync_echo else ["The part does not echo 0x53."]
    notes += [f"SCK must be high and low for more than {half} clocks each."] if half else []
    return ["ISP instructions", *(f"  {line}" for line in table(rows)), *wrapped(" ".join(notes), "  ")]


def _ordering(part: Part) -> list[str]:
    rows = [
        (
            variant.code,
            variant.package or "",
            hz_label(variant.fmax_hz) if variant.fmax_hz else "",
            f"{variant.temp_c[0]:g}…{variant.temp_c[1]:g} °C" if variant.temp_c else "",
            f"{variant.vcc[0]:g}…{variant.vcc[1]:g} V" if variant.vcc else "",
        )
        for variant in part.variants
    ]
    return ["Ordering codes", *(f"  {line}" for line in table(rows, right=(2, 3, 4)))] if rows else []


def data(part: Part) -> dict[str, object]:
    """Everything for programs."""
    return {
        "name": part.name,
        "avrdude_id": part.avrdude_id,
        "family": part.family,
        "is_avr": part.is_avr,
        "clone": part.clone,
        "signature": part.signature.hex(),
        "same_signature": list(part.shares_signature_with),
        "vcc": part.vcc,
        "fmax_hz": part.fmax_hz,
        "factory_f_cpu_hz": part.factory_fcpu_hz,
        "stk500_devcode": part.stk500_devcode,
        "interfaces": part.interfaces._asdict(),
        "timing": part.timing._asdict(),
        "flash": part.flash._asdict(),
        "eeprom": part.eeprom._asdict() if part.eeprom else None,
        "sram": {"start": part.sram[0], "size": part.sram[1]} if part.sram else None,
        "rows": {name: row._asdict() for name, row in part.rows.items()},
        "boot": [
            {"size_words": size.size_words, "start_byte": size.start_byte}
            for size in (part.boot.sections if part.boot else ())
        ],
        "fuses": {name: _fuse_data(fuse) for name, fuse in part.fuses.items()},
        "instructions": {name: opcode.pattern for name, opcode in part.opcodes.items()},
        "variants": [variant._asdict() for variant in part.variants],
        "disputes": [{**dispute._asdict(), "claims": dict(dispute.claims)} for dispute in part.disputes],
    }


def _fuse_data(fuse: Fuse) -> dict[str, object]:
    return {
        "factory": fuse.factory,
        "used_mask": fuse.used_mask,
        "read_mask": fuse.read_mask,
        "write_mask": fuse.write_mask,
        "readable": fuse.readable,
        "writable": fuse.writable,
        "write_us": fuse.write_us,
        "fields": [_field_data(bits) for bits in fuse.fields],
    }


def _field_data(bits: BitField) -> dict[str, object]:
    return {
        "name": bits.name,
        "role": bits.role,
        "title": field_title(bits),
        "mask": bits.mask,
        "pin": bits.pin,
        "factory": bits.default,
        "values": [_value_data(bits, known) for known in bits.values],
    }


def _value_data(bits: BitField, known: FieldValue) -> dict[str, object]:
    state = FieldState(bits, known.value, known)
    return {
        "value": known.value,
        "bits": state.bits,
        "key": known.key,
        "label": state.label,
        "inferred": list(known.inferred),
    }
