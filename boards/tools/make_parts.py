"""Write the part files from a table of device facts: ``make_parts.py FACTS.json``.

How ``data/parts``, ``data/clocks``, ``data/values.toml`` and ``data/standard_isp.toml`` came about.
The files are the source from now on; this can be run again when the table changes, and running it
twice gives the same bytes. Whatever the usual rules yield (standard instructions, legal values of a
flag, BOOTSZ arithmetic) is not written but checked: a part that does not follow a rule stops the run.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from facts import CLOCK_ROLES, FUSES, Facts, mask_of
from make_index import family_order, natural, write_index
from parents import choose_parents, difference
from tomlout import Hex, Inline, document

from avrdeck.boards.datafile import DATA

Table = dict[str, Any]

# Data sheets of ATtiny261/461/861 give the usual lock instruction; avrdude.conf has the bits in byte 2.
X61 = ("ATtiny261", "ATtiny261A", "ATtiny461", "ATtiny461A", "ATtiny861", "ATtiny861A")
X61_DISPUTE = Inline(
    avrdude="10101100 111111ii xxxxxxxx xxxxxxxx",
    data_sheet="10101100 11100000 xxxxxxxx iiiiiiii",
)

# AVR910: SCK high must last more than four XTAL1 cycles on this part; an even SCK has equal halves.
SCK_HALF_CLOCKS = {"AT90S1200": 4}

# Documented serial numbers (data sheets "Serial Number"): row addresses of byte 0, 1, …
IN_ORDER = tuple(range(0x0E, 0x18))
SWAPPED = (0x0F, 0x0E, 0x11, 0x10, 0x13, 0x12, 0x15, 0x16, 0x17)
SERIALS = {
    "ATmega324PB": (IN_ORDER, True),
    "ATmega328PB": (IN_ORDER, True),
    "ATmega48PB": (SWAPPED, False),
    "ATmega88PB": (SWAPPED, False),
    "ATmega168PB": (SWAPPED, False),
}


def main(facts_path: str) -> None:
    """Write every data file that comes from the table of facts."""
    facts = Facts(json.loads(Path(facts_path).read_text("utf-8")))
    parts = {raw["name"]: part_table(raw, facts) for raw in facts.parts}
    order = sorted(parts, key=lambda name: (family_order(parts[name]["family"]), natural(name)))
    parents = choose_parents({name: parts[name] for name in order})
    folder = _emptied("parts")
    for name in order:
        parent = parents.get(name)
        table = {"parent": parent, **difference(parts[parent], parts[name])} if parent else parts[name]
        (folder / f"{name}.toml").write_text(
            document(f"{name}. The layout is explained in ../README.md.", table), "utf-8"
        )
    write_clocks(facts)
    write_bod_levels(facts)
    write_index()


def _emptied(name: str) -> Path:
    folder = Path(DATA, name)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.toml"):
        old.unlink()
    return folder


def part_table(raw: Table, facts: Facts) -> Table:
    """One part, complete, in the layout of a part file."""
    table: Table = {
        "avrdude_id": raw["avrdude_id"],
        "family": raw["family"],
        "signature": [Hex(int(byte, 16)) for byte in raw["signature"]],
        "is_avr": None if raw["is_avr"] else False,
        "clone": raw.get("clone"),
        "stk500_devcode": None if raw["stk500_devcode"] is None else Hex(raw["stk500_devcode"]),
        "factory_fcpu_hz": raw["factory_fcpu_hz"],
        "fmax_hz": raw["fmax_hz"],
        "vcc": raw["vcc"],
        "interfaces": {key: raw["interfaces"][key] for key in ("hv", "debugwire", "jtag")},
        "timing": {
            "chip_erase_us": raw["isp_timing"]["chip_erase_us"],
            "sync_echo": None if raw["isp_timing"]["sync_echo"] else False,
            "sck_half_clocks": SCK_HALF_CLOCKS.get(raw["name"]),
            "erase_ends_with_reset": raw["family"] == "classic-AT90S" or None,
        },
        "clock": _clock(raw),
        "flash": _flash(raw["flash"]),
        "eeprom": _eeprom(raw["eeprom"]),
        "sram": raw["sram"] and {"start": Hex(raw["sram"]["start"]), "size": raw["sram"]["size"]},
        "boot": _boot(raw, facts),
        "rows": _rows(raw["memories"]),
        "serial": _serial(raw["name"]),
        **{name: _fuse(raw, name, facts) for name in FUSES if name in raw["memories"]},
        "isp": facts.listed_operations(raw, skip=("lock.write",) if raw["name"] in X61 else ()),
        "disputed": _disputed(raw),
        "ordering": _ordering(raw["variants"]),
    }
    return _without_none(table)


def _without_none(table: Table) -> Table:
    kept: Table = type(table)()
    for key, value in table.items():
        clean = _without_none(value) if isinstance(value, dict) else value
        if clean is not None and clean not in ({}, []):
            kept[key] = clean
    return kept


def _clock(raw: Table) -> Table:
    fixed = raw.get("clock_fixed", {})
    prescale = raw.get("clock_notes", {}).get("internal_rc_prescale")
    return {"fixed": fixed.get("kind"), "fixed_hz": fixed.get("nominal_hz"), "rc_prescale": prescale}


def _poll(pair: list[int] | None) -> list[Hex] | None:
    return [Hex(byte) for byte in pair] if pair else None


def _flash(raw: Table) -> Table:
    return {
        "size": raw["size"],
        "page_size": raw["page_size"] if raw["paged"] else None,
        "write_us": raw["max_write_us"],
        "needs_extended_address": raw["needs_load_ext_addr"] or None,
        "spm_erase_pages": raw["n_page_erase"],
        "readback_poll": _poll(raw["readback_poll"]),
    }


def _eeprom(raw: Table | None) -> Table | None:
    return raw and {
        "size": raw["size"],
        "page_size": raw["page_size"],
        "isp_paged": raw["isp_paged"],
        "write_us": raw["max_write_us"],
        "readback_poll": _poll(raw["readback_poll"]),
    }


def _boot(raw: Table, facts: Facts) -> Table | None:
    if not raw["boot"]:
        return None
    facts.check_boot_arithmetic(raw)
    fixed = raw["boot"]["n_sections"] == 1 or None
    return {"smallest_bytes": raw["boot"]["smallest_bytes"], "fixed": fixed}


def _rows(memories: Table) -> Table:
    rows = {
        name: memories[name] for name in ("calibration", "prodsig", "sernum", "usersig") if name in memories
    }
    return {
        name: Inline(
            size=row["size"],
            offset=Hex(row["offset"]) if "offset" in row else None,
            readable=None if row["isp_read"] else False,
        )
        for name, row in rows.items()
    }


def _serial(name: str) -> Table | None:
    if name not in SERIALS:
        return None
    addresses, isp_documented = SERIALS[name]
    return {"addresses": [Hex(address) for address in addresses], "isp_documented": isp_documented}


def _fuse(raw: Table, name: str, facts: Facts) -> Table:
    memory = raw["memories"][name]
    fields = [bits for bits in raw["bitfields"] if bits["memory"] == name]
    used = 0
    for bits in fields:
        used |= mask_of(bits)
    if not fields:
        used = int(memory["isp_write_mask"], 16) | (
            int(memory["isp_read_mask"], 16) if not raw["is_avr"] else 0
        )
    read = int(memory.get("isp_read_mask", "0xff"), 16) & used
    write = int(memory.get("isp_write_mask", "0xff"), 16) & used
    return {
        "factory": Hex(int(memory["factory"], 16)) if "factory" in memory else None,
        "used": None if fields else Hex(used),
        "read": Hex(read) if read != used else None,
        "write": Hex(write) if write != used else None,
        "readable": None if memory["isp_read"] else False,
        "writable": None if memory["isp_write"] else False,
        "write_us": memory.get("min_write_us"),
        "power_cycle_after_write": memory.get("power_cycle_after_write"),
        "fields": {bits["name"]: _field(bits, facts) for bits in fields},
    }


def _field(bits: Table, facts: Facts) -> Inline:
    facts.check_usual_values(bits)
    return Inline(
        mask=Hex(mask_of(bits)),
        role=bits["role"],
        values=facts.table_name(bits),
        pin=bits.get("pin"),
    )


def _disputed(raw: Table) -> list[Table]:
    disputes = []
    for item, claims in raw.get("disputed", {}).items():
        said = Inline({key: _claim(text) for key, text in claims.items() if key not in ("preferred", "why")})
        disputes.append(
            _without_none(
                {"item": item, "preferred": claims.get("preferred"), "why": claims["why"], "claims": said}
            )
        )
    if raw["name"] in X61:
        why = "the other form leaves byte 4 at 0, which by the data sheet would set both lock bits"
        disputes.append(
            {"item": "lock_write_opcode", "preferred": "data_sheet", "why": why, "claims": X61_DISPUTE}
        )
    return disputes


def _claim(claim: str | Table) -> str:
    if isinstance(claim, dict):
        return ", ".join(f"{code}: {volts} V" for code, volts in claim.items())
    return claim


def _ordering(variants: list[Table]) -> list[Table]:
    groups: dict[str, Table] = {}
    for variant in variants:
        shared = {key: variant[key] for key in ("fmax_hz", "temp_c", "vcc") if variant.get(key)}
        group = groups.setdefault(json.dumps(shared), {**shared, "codes": []})
        package = "" if variant["package"] == "N/A" else f" {variant['package']}"
        group["codes"].append(variant["code"] + package)
    return list(groups.values())


def write_clocks(facts: Facts) -> None:
    """Write one file for each table of clock or start-up codes, grouped by source."""
    folder = _emptied("clocks")
    for set_id, name in facts.clock_tables.items():
        users = sorted(
            {raw["name"] for raw, bits in facts.uses(set_id) if bits["role"] in CLOCK_ROLES}, key=natural
        )
        comment = f"Clock and start-up codes of {', '.join(users)}."
        table = {"source": facts.clock_groups(set_id)}
        (folder / f"{name}.toml").write_text(document("\n".join(_wrapped(comment)), table), "utf-8")


def write_bod_levels(facts: Facts) -> None:
    """Write the tables of brown-out levels, each named by the first part that has it."""
    comment = """Brown-out levels in volts (typical) by BODLEVEL code, as the data sheets print it.
A table is named by the first part that has it."""
    tables = {}
    for set_id, name in facts.bod_tables.items():
        width = next(bits["width"] for _, bits in facts.uses(set_id))
        levels = {f"{value['value']:0{width}b}": value["volts"] for value in facts.values(set_id)}
        tables[name] = {code: "off" if volts is None else float(volts) for code, volts in levels.items()}
    Path(DATA, "bod_levels.toml").write_text(document(comment, tables), "utf-8")


def _wrapped(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > 95:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(sys.argv[1])
