"""What one goes to the app for, as keys: what random ones would never come to."""

from __future__ import annotations

from typing import NamedTuple

PORTS = {
    "tiny": "sim:?autoreset=no&part=attiny13",
    "mega": "sim:?autoreset=no&part=atmega8",
    "boot": "sim:?dialect=optiboot",
}


class Errand(NamedTuple):
    """Keys, and what is reached by them.

    ``>`` and a text is typed, with spaces for underscores and hex digits for ``%``; ``@`` chooses a port.
    ``~`` waits until all keys took effect, ``!`` for the job, whose questions are answered, ``?`` for a lost
    board; ``#`` unplugs it at the next byte.
    """

    keys: str
    goals: tuple[str, ...]


ERRANDS = (
    Errand("@tiny 2 right space w !", ("write fuses: done", "write fuses: yes")),
    Errand(
        "@tiny 4 ctrl+u >fuse_set_hfuse=0xFE enter ! escape 2 w ! escape escape x ! x !",
        ("write fuses: part",),
    ),
    Errand("@tiny r ! 3 enter ~ e >%% escape w ! enter !", ("HexScreen", "PatchScreen", "write bytes: done")),
    Errand("@tiny v ~ n !", ("backup: done",)),
    Errand(
        "@tiny v ~ n ! escape 4 ctrl+u >fill_eeprom_0_4_%% enter ! escape v ~ r !",
        ("restore: done", "restore: yes", "command: write page eeprom"),
    ),
    Errand("@tiny 4 ctrl+u >erase enter ! escape", ("command: chip erase",)),
    Errand("@mega v ~ n ~ p ! escape", ("backups.skip",)),
    Errand("@tiny v ~ n ! x ~ y ~", ("backups.delete", "ConfirmScreen")),
    Errand("@tiny v ~ n ! d ! ~ enter ~ escape ~ tab space j d ~ enter", ("compare: done", "compared.open")),
    Errand("d ! r ! c s w ~ escape escape", ("doctor: done", "doctor.again")),
    Errand("t ~ slash ~ >op:universal enter ~ f n c s ~ >%%%%.trace enter ~", ("TraceScreen", "trace.save")),
    Errand("@tiny i ~ l ~ >chip_%% enter ~ n ~ >note_%% enter ~", ("inventory.label", "inventory.note")),
    Errand("ctrl+p ~ >signature_row ~ down enter !", ("Palette", "deck.read")),
    Errand("question_mark ~ escape ~ y ~ p ~ down enter ~ t ~ enter ~ c", ("HelpScreen", "wiring.target")),
    Errand(
        "@mega b ~ b ~ >NG_or_older,_ATmega8 enter ~ l ~ >loader.hex enter ~ h ~ enter !",
        ("burn: done", "burn: yes", "burn: chip erase", "burn.rehearse"),
    ),
    Errand("@mega U ~ f ~ >sketch.hex enter ~ enter !", ("upload: done", "to come: yes", "upload: flash")),
    Errand("@boot U ~ f ~ >sketch.hex enter ~ enter !", ("upload: flash through a bootloader",)),
    Errand(
        "@tiny U ~ f ~ >sk tab ~ enter ~ n ~ >number_at_eeprom:0_overwrite enter ~ enter ! tab up t ~ escape",
        ("upload.serial",),
    ),
    Errand(
        "b ~ b ~ >Arduino_UNO enter ~ escape k ~ w ~ >led=none enter ~ n ~ >uuid enter ~ escape",
        ("burn.wish", "burn.serial"),
    ),
    Errand("@tiny # r ! ?", ("PortLost", "PortReturned")),
    Errand("@mega r ~ ctrl+x ~", ("read all: stopped",)),
    Errand("@tiny r ! 3 s ~ >%%%%.hex enter ~", ("memory.save",)),
    Errand("@tiny r ! 3 tab d ~ >e.hex enter ~ enter ~ ] [ s ~ escape", ("memory.compare",)),
    Errand("x ! p ~ >attiny85 enter ~ 2 space w ~ escape x !", ("deck.part",)),
    Errand(
        "@tiny r ! 3 enter ~ slash ~ >FF enter ~ n N g ~ >1% enter ~ d ~ >e.hex enter ~ ] [ u s ~ escape",
        ("hex.search", "hex.next", "hex.goto", "hex.compare", "hex.difference_after", "hex.save"),
    ),
    Errand(
        "@boot U ~ f ~ >sketch.hex enter ~ i i d r ~ enter ~ s ~ enter ~ b ~ >Arduino_UNO enter ~ enter !",
        ("upload.way", "upload.delta", "upload.reset", "upload.speed", "upload.board"),
    ),
)  # fmt: skip

LINES = (
    "fuse_set_lfuse=0x6B_-w", "fuse_set_factory", "lock", "erase", "read_eeprom_e.hex", "write_eeprom_e.hex",
    "isp_AC_80_00_00", "isp_{30,58}_00_{0..3}_00", "isp_4C_00_00_00", "stk_52_20", "stk_60_00_00_20", "id",
    "disconnect", "burn_--board_uno", "backup", "doctor", "trace_on", "sig", "let_x_1", "'", "script_e.hex",
    "write_flash_e.hex_-e", "fill_eeprom_0_4_%%", "param", "connect", "inventory", "upload_sketch.hex",
    "isp_AC_E0_00_%%", "write_flash_sketch.hex", "restore", "verify_eeprom_e.hex",
)  # fmt: skip
"""Lines for the console, written as what is typed in an errand."""
