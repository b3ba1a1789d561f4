"""Every action of the app, one row each. Keys, footer, palette and help are views of this table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from textual.binding import Binding, BindingType

KEY_WORDS = {"escape": "esc", "question_mark": "?", "slash": "/", "left_square_bracket": "[",
             "right_square_bracket": "]", "full_stop": ".", "ctrl": "^"}  # fmt: skip


class Scope(StrEnum):
    """Where an action works; the value is its name in the help."""

    APP = "everywhere"
    DECK = "deck"
    CONNECTION = "connection"
    FUSES = "fuses"
    MEMORY = "memory"
    CONSOLE = "console"
    HEX = "hex view"
    TRACE = "trace"
    WRITE = "write fuses"
    PATCH = "write bytes"
    BURN = "burn"
    UPLOAD = "upload"
    DOCTOR = "doctor"
    BACKUPS = "backups"
    COMPARED = "compared backups"
    INVENTORY = "inventory"
    WIRING = "wiring"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a user can do.

    ``method`` is the ``action_…`` method of the widget or screen of its scope, with arguments if any.
    ``label`` stands in the footer (unless ``show`` is false), ``help`` in palette and help. Actions with
    a low ``rank`` stay longest when the footer is short of room. ``priority`` works even where a key
    would be typed.
    """

    scope: Scope
    id: str
    keys: str
    method: str
    label: str
    help: str
    show: bool = True
    rank: int = 5
    priority: bool = False

    @property
    def key_text(self) -> str:
        """The first key as the footer shows it."""
        return key_text(self.keys.split(",")[0])

    @property
    def verb(self) -> str:
        """The ``method`` without its arguments."""
        return self.method.partition("(")[0]

    def binding(self) -> Binding:
        """The Textual binding of this row."""
        return Binding(
            self.keys, self.method, self.label, id=self.id, tooltip=self.help, show=self.show,
            priority=self.priority,
        )  # fmt: skip


class Row(NamedTuple):
    """A row of the table: an `Action` without its scope."""

    name: str
    keys: str
    method: str
    label: str
    help: str
    show: bool = True
    rank: int = 5
    priority: bool = False


def key_text(key: str) -> str:
    """A Textual key name as people write it: ``^p``, ``esc``, ``?``."""
    if key.startswith("ctrl+"):
        return "^" + key_text(key[5:])
    return KEY_WORDS.get(key, key)


TABLE = {
    Scope.APP: (
        Row("palette", "ctrl+p", "command_palette", "commands", "Find a command.", rank=1, priority=True),
        Row("help", "question_mark,f1", "help", "help", "Show what the keys do here.", rank=0),
        Row(
            "stop", "ctrl+x", "stop_job", "stop", "Stop the running job at a safe place.",
            show=False, priority=True,
        ),
        Row("theme", "ctrl+t", "next_theme", "theme", "Change to the next theme.", show=False),
        Row("quit", "ctrl+q", "quit", "quit", "Let the target go and leave.", show=False, priority=True),
    ),
    Scope.DECK: (
        Row("connection", "1,f5", "focus_pane('connection')", "pane", "Go to the connection.", show=False),
        Row("fuses", "2,f6", "focus_pane('fuses')", "pane", "Go to the fuses.", show=False),
        Row("memory", "3,f7", "focus_pane('memory')", "pane", "Go to the memory map.", show=False),
        Row("console", "4,f8", "focus_pane('console')", "pane", "Go to the console.", show=False),
        Row("zoom", "z", "zoom", "zoom", "Give the pane the whole screen, or take it back.", rank=3),
        Row("read", "r", "app.read_all", "read", "Read fuses, memories and signature row.", rank=4),
        Row("write", "w", "app.write_fuses", "write", "Write the staged fuse bytes, with undo.", rank=2),
        Row("burn", "b", "app.burn", "burn", "Burn a board's bootloader.", rank=4),
        Row("upload", "U", "app.upload", "upload", "Upload a sketch to a bootloader or over ISP.", rank=7),
        Row("doctor", "d,f9", "app.doctor", "doctor", "Find out why it does not work; never writes.", rank=5),
        Row("trace", "t", "app.trace", "trace", "Show every frame on the wire.", rank=6),
        Row("connect", "x", "app.connect", "connect", "Connect; or disconnect, the target runs.", rank=7),
        Row("port", "o", "app.choose_port", "port", "Choose the port.", show=False),
        Row("part", "p", "app.choose_part", "part", "Choose the part by hand, port or not.", show=False),
        Row("backups", "v", "app.backups", "backups", "Backups: take, compare, restore.", rank=8),
        Row("inventory", "i", "app.inventory", "inventory", "The chips that were seen.", rank=8),
        Row("wiring", "y", "app.wiring", "wiring", "Show how to wire programmer and target.", show=False),
    ),
    Scope.CONNECTION: (
        Row("choose", "enter", "choose", "choose", "Choose the value on this line.", rank=1),
        Row("next", "down,j", "move(1)", "next", "Next line.", show=False),
        Row("previous", "up,k", "move(-1)", "previous", "Previous line.", show=False),
    ),
    Scope.FUSES: (
        Row("toggle", "space", "toggle_cell", "toggle", "Turn the bit or flag under the cursor.", rank=1),
        Row("choose", "enter", "choose", "choose", "Choose or type a legal value, or a byte in hex.", rank=6),
        Row("revert", "u", "revert", "revert", "Take every staged change back.", rank=3),
        Row("factory", "f", "factory", "factory", "Stage the factory values.", rank=7),
        Row("preset", "e", "preset", "preset", "Stage the fuses of a board.", rank=8),
        Row("copy", "c", "copy", "copy", "Copy the bytes as avrdude arguments.", rank=8),
        Row("left", "left,h", "move(0, -1)", "left", "Cell to the left.", show=False),
        Row("right", "right,l", "move(0, 1)", "right", "Cell to the right.", show=False),
        Row("up", "up,k", "move(-1, 0)", "up", "Row above.", show=False),
        Row("down", "down,j", "move(1, 0)", "down", "Row below.", show=False),
        Row("findings_down", "pagedown", "findings(1)", "findings", "More findings.", show=False),
        Row("findings_up", "pageup", "findings(-1)", "findings", "Findings before.", show=False),
    ),
    Scope.MEMORY: (
        Row("hex", "enter", "hex", "hex", "Open the hex view at the cursor.", rank=1),
        Row("save", "s", "save", "save", "Save the memory as Intel HEX or raw binary.", rank=3),
        Row("compare", "d", "compare", "compare", "Compare with a backup or a file.", rank=5),
        Row("write", "w", "write", "write", "Write the staged bytes; else the staged fuses.", rank=4),
        Row("switch", "tab", "switch", "flash/EEPROM", "Move the cursor to the other memory.", show=False),
        Row("left", "left,h", "move(-1)", "left", "Page before.", show=False),
        Row("right", "right,l", "move(1)", "right", "Page after.", show=False),
        Row("up", "up,k", "row(-1)", "up", "Row above.", show=False),
        Row("down", "down,j", "row(1)", "down", "Row below.", show=False),
        Row("home", "home", "jump(0)", "home", "First page.", show=False),
        Row("end", "end", "jump(-1)", "end", "Last page.", show=False),
    ),
    Scope.CONSOLE: (
        Row("leave", "escape", "leave", "deck", "Back to the pane before.", rank=1),
        Row("complete", "tab", "complete", "complete", "Take the suggestion, or list what fits.", rank=2),
        Row("older", "up", "history(-1)", "history", "The command before.", rank=3),
        Row("newer", "down", "history(1)", "newer", "The command after.", show=False),
        Row("search", "ctrl+f", "search", "search", "Search the output.", rank=4),
        Row("up", "pageup", "scroll(-1)", "scroll", "Scroll the output up.", show=False),
        Row("down", "pagedown", "scroll(1)", "scroll", "Scroll the output down.", show=False),
        Row("clear", "ctrl+l", "clear", "clear", "Clear the output.", show=False),
        Row("copy", "ctrl+y", "copy", "copy", "Copy the whole output.", show=False),
        Row("interrupt", "ctrl+c", "interrupt", "interrupt", "Stop the command; else copy.", show=False),
    ),
    Scope.HEX: (
        Row("leave", "escape,q", "leave", "back", "Back to where it was opened.", rank=0),
        Row("goto", "g", "goto", "goto", "Go to an address.", rank=4),
        Row("search", "slash", "search", "search", 'Search bytes or "text".', rank=1),
        Row("next", "n", "match(1)", "match", "Next match.", rank=6),
        Row("previous", "N", "match(-1)", "match", "Previous match.", show=False),
        Row("difference_after", "]", "difference(1)", "difference", "Difference after.", rank=4),
        Row("difference_before", "[", "difference(-1)", "", "Difference before.", show=False),
        Row("compare", "d", "compare", "compare", "Compare with a backup or a file.", rank=2),
        Row("edit", "e", "edit", "edit", "Type bytes over what is there; they are staged.", rank=2),
        Row("write", "w", "write", "write", "Write the staged bytes into the chip: the plan first.", rank=3),
        Row("revert", "u", "revert", "revert", "Take the staged bytes back.", rank=7),
        Row("merge", "m", "merge", "merge", "Stage the other's bytes of the difference here.", rank=5),
        Row("take_back", "backspace", "take_back", "undo", "Undo the byte typed over last.", rank=3),
        Row("save", "s", "save", "save", "Save as Intel HEX or raw binary.", rank=5),
        Row("left", "left,h", "move(-1)", "left", "Byte before.", show=False),
        Row("right", "right,l", "move(1)", "right", "Byte after.", show=False),
        Row("up", "up,k", "move(-16)", "up", "Row above.", show=False),
        Row("down", "down,j", "move(16)", "down", "Row below.", show=False),
        Row("page_up", "pageup", "page(-1)", "page", "Screen before.", show=False),
        Row("page_down", "pagedown", "page(1)", "page", "Screen after.", show=False),
        Row("home", "home", "row_end(0)", "start", "First byte of the row.", show=False),
        Row("end", "end", "row_end(15)", "end", "Last byte of the row.", show=False),
        Row("first", "ctrl+home", "first", "first", "First byte of the memory.", show=False),
        Row("last", "ctrl+end", "last", "last", "Last byte of the memory.", show=False),
    ),
    Scope.TRACE: (
        Row("leave", "escape,q", "leave", "back", "Back to where it was opened.", rank=0),
        Row("filter", "slash", "filter", "filter", "Show only some frames.", rank=1),
        Row("follow", "f", "follow", "follow", "Stay at the newest frame, or stop.", rank=2),
        Row("gap", "n", "gap", "next gap", "Go to the next long silence.", rank=3),
        Row("copy", "c", "copy", "copy", "Copy the frame.", rank=4),
        Row("save", "s", "save", "save", "Save the trace, to be replayed or to be read.", rank=4),
    ),
    Scope.WRITE: (
        Row("leave", "escape", "leave", "cancel", "Leave without writing, or once it is done.", rank=0),
        Row("write", "w", "write", "write", "Write the staged bytes.", rank=0),
        Row("undo", "u", "undo", "undo", "Write the old bytes back before they take effect.", rank=1),
        Row("scroll_down", "pagedown", "scroll(1)", "scroll", "More of the plan.", show=False),
        Row("scroll_up", "pageup", "scroll(-1)", "scroll", "The plan before.", show=False),
        Row("latch", "enter", "latch", "keep", "Leave programming mode: the new bytes take effect.", rank=1),
        Row("copy", "c", "copy", "copy", "Copy the bytes as avrdude arguments.", rank=3),
    ),
    Scope.PATCH: (
        Row("leave", "escape", "leave", "back", "Leave without writing, or stop at a safe place.", rank=0),
        Row("start", "enter,w", "start", "write", "Write the staged bytes, after a confirmation.", rank=1),
        Row("skip", "p", "skip", "skip backup", "Proceed without the rest of a running backup.", rank=2),
        Row("copy", "c", "copy", "copy", "Copy plan, steps and log as text.", rank=5),
        Row("trace", "t", "app.trace", "trace", "Show every frame on the wire.", rank=8),
        Row("log", "tab", "app.focus_next", "log", "Go to the log, to scroll it, or back.", show=False),
    ),
    Scope.BURN: (
        Row("leave", "escape", "leave", "deck", "Leave, or stop the burn.", rank=0),
        Row("board", "b", "board", "board", "Choose the board.", rank=1),
        Row("file", "l", "file", "loader", "Choose the bootloader's file.", rank=2),
        Row("deckboot", "k", "deckboot", "deckboot", "Take deckboot, avrdeck's own bootloader.", rank=4),
        Row("serial", "n", "serial", "serial", "Give the chip a serial number of its own.", rank=6),
        Row("wish", "w", "wish", "measure", "Make deckboot to measure: clock, speed, LED, time.", rank=6),
        Row("rehearse", "h", "rehearse", "rehearse", "Play the burn on a virtual chip first.", rank=3),
        Row("start", "enter", "start", "burn", "Burn as planned, after a confirmation.", rank=1),
        Row("resume", "r", "resume", "resume", "Go on with the burn of this chip that stopped.", rank=1),
        Row("skip", "p", "skip", "skip backup", "Proceed without the rest of a running backup.", rank=1),
        Row("copy", "c", "copy", "copy", "Copy plan, steps and log as text.", rank=5),
        Row("trace", "t", "app.trace", "trace", "Show every frame on the wire.", rank=8),
        Row("log", "tab", "app.focus_next", "log", "Go to the log, to scroll it, or back.", show=False),
    ),
    Scope.UPLOAD: (
        Row("leave", "escape", "leave", "deck", "Leave, or stop the upload.", rank=0),
        Row("file", "f", "file", "file", "Choose the sketch's file.", rank=1),
        Row("way", "i", "way", "way", "Through the bootloader, or over ISP.", rank=2),
        Row("delta", "d", "delta", "delta", "Write only the pages that differ, or all.", rank=3),
        Row("reset", "r", "reset", "reset", "Choose what starts the bootloader.", rank=4),
        Row("speed", "s", "speed", "speed", "Choose the bootloader's line speed.", rank=6),
        Row("board", "b", "board", "board", "Name the board: its part, speed and room.", rank=5),
        Row("serial", "n", "serial", "serial", "Give the chip a serial number of its own.", rank=6),
        Row("start", "enter", "start", "upload", "Upload as planned, after a confirmation.", rank=1),
        Row("skip", "p", "skip", "skip backup", "Proceed without the rest of a running backup.", rank=1),
        Row("copy", "c", "copy", "copy", "Copy plan, steps and log as text.", rank=7),
        Row("trace", "t", "app.trace", "trace", "Show every frame on the wire.", rank=8),
        Row("log", "tab", "app.focus_next", "log", "Go to the log, to scroll it, or back.", show=False),
    ),
    Scope.DOCTOR: (
        Row("leave", "escape,q", "leave", "deck", "Back to the deck; stops what runs.", rank=0),
        Row("again", "r", "again", "look again", "Look again.", rank=1),
        Row("connect", "enter,x", "connect", "connect", "Connect to what was found.", rank=1),
        Row("wiring", "w,y", "wiring", "wiring", "Show how to wire programmer and target.", rank=3),
        Row("sketch", "s", "sketch", "copy line", "Copy the line for the ArduinoISP sketch.", rank=4),
        Row("copy", "c", "copy", "copy report", "Copy the whole report.", rank=4),
        Row("trace", "t", "app.trace", "trace", "Show every frame on the wire.", rank=6),
    ),
    Scope.BACKUPS: (
        Row("leave", "escape,q", "leave", "deck", "Back to the deck.", rank=0),
        Row("take", "n", "take", "new", "Save all that the chip holds now.", rank=1),
        Row("mark", "space", "mark", "mark", "Mark the backup, to compare another with it.", rank=3),
        Row("compare", "d", "compare", "compare", "Compare with the marked one, else with the chip.", rank=2),
        Row("open", "enter", "open", "bytes", "Look at the bytes of the backup.", rank=4),
        Row("restore", "r", "restore", "restore", "Bring the chip back to the backup.", rank=1),
        Row("delete", "x,delete", "delete", "delete", "Delete the backup, after a confirmation.", rank=5),
        Row("skip", "p", "skip", "skip backup", "Proceed without the rest of a running backup.", rank=1),
        Row("trace", "t", "app.trace", "trace", "Show every frame on the wire.", rank=8),
    ),
    Scope.COMPARED: (
        Row("open", "enter", "open", "difference", "Open the memory's difference byte by byte.", rank=0),
        Row("next", "down,j", "move(1)", "next", "Next memory.", show=False),
        Row("previous", "up,k", "move(-1)", "previous", "Memory before.", show=False),
        Row("leave", "escape,tab", "leave", "backups", "Back to the list of backups.", rank=0),
    ),
    Scope.INVENTORY: (
        Row("leave", "escape,q", "leave", "deck", "Back to the deck.", rank=0),
        Row("label", "l,enter", "label", "label", "Name the chip.", rank=1),
        Row("note", "n", "note", "notes", "Keep notes on the chip.", rank=1),
        Row("history", "tab", "app.focus_next", "history", "Go to the history, or back.", rank=2),
    ),
    Scope.WIRING: (
        Row("leave", "escape,q", "leave", "back", "Back to where it was opened.", rank=0),
        Row("programmer", "p", "programmer", "programmer", "Choose the programmer.", rank=1),
        Row("target", "t", "target", "target", "Choose the target.", rank=1),
        Row("copy", "c", "copy", "copy", "Copy the drawing.", rank=2),
    ),
    Scope.FAULT: (
        Row("leave", "escape,enter", "leave", "close", "Close.", rank=0),
        Row("copy", "c", "copy", "copy", "Copy the whole message.", rank=0),
    ),
}  # fmt: skip
"""The registry by scope."""

ACTIONS = tuple(
    Action(scope, f"{scope.name.lower()}.{row.name}", *row[1:])
    for scope, table in TABLE.items()
    for row in table
)
"""The registry, with the keys that the table gives."""

_given: dict[str, str] = {}


def give_keys(keys: Mapping[str, str]) -> None:
    """From now on the actions of these ids have these keys, parted by commas, and no others have any more."""
    _given.clear()
    _given.update(keys)
    of.cache_clear()


@cache
def of(scope: Scope) -> tuple[Action, ...]:
    """The actions of one scope, in the order of the table, with the keys they have now.

    One whose keys all went to another has none: the palette still finds it.
    """
    table = [action for action in ACTIONS if action.scope is scope]
    taken = {key for action in table for key in _given.get(action.id, "").split(",")}
    left = {a.id: ",".join(key for key in a.keys.split(",") if key not in taken) for a in table}
    return tuple(replace(action, keys=_given.get(action.id, left[action.id])) for action in table)


def bindings(scope: Scope) -> list[BindingType]:
    """The bindings of one scope, for ``BINDINGS``; what the user gave is laid over them by Textual."""
    return [action.binding() for action in ACTIONS if action.scope is scope]


def by_id(identifier: str) -> Action | None:
    """The action of that id, with the keys it has now."""
    return next((action for scope in Scope for action in of(scope) if action.id == identifier), None)
