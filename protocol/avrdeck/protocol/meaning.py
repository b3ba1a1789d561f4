"""Commands, replies and instructions in words, for consoles and traces. Pure."""

from __future__ import annotations

from avrdeck.boards.models import Part
from avrdeck.protocol import isp
from avrdeck.protocol.codes import MemoryType, Op, Parameter, Status
from avrdeck.protocol.framing import Malformed, Reply
from avrdeck.protocol.isp import Action, Instruction
from avrdeck.protocol.stk500v1 import (
    Command,
    GetParameter,
    LoadAddress,
    ProgPage,
    ReadPage,
    SetParameter,
    Universal,
    UniversalMulti,
)
from avrdeck.protocol.text import hexadecimal, printable

_ROWS = frozenset({"signature", "calibration", "prodsig", "sernum"})


def instruction_text(part: Part | None, frame: bytes) -> str:
    """What four bytes mean to ``part``: ``read signature byte 0``, ``write lfuse E2``."""
    found = isp.decode(part, frame)
    text = _verb(found)
    silent = found.documented or part is None or found.memory is None
    return text if silent else f"{text} (not in the data sheet)"


def _verb(found: Instruction) -> str:
    where = _place(found)
    match found.action:
        case Action.READ if found.memory is None:
            return "poll RDY/BSY" if found.op == "poll_ready" else "undefined instruction"
        case Action.READ:
            return f"read {where}"
        case Action.LOAD_PAGE:
            return f"load {found.data:02X} for {where}"
        case Action.WRITE if found.address is not None:
            return f"write {found.data:02X} to {where}"
        case Action.WRITE:
            return f"write {found.memory} {found.data:02X}"
        case Action.WRITE_PAGE:
            return f"write the page buffer to {where}"
        case Action.LOAD_EXTENDED_ADDRESS:
            return f"set the extended address for flash word 0x{found.address or 0:05X}"
        case _:
            return str(found.action.value)


def _place(found: Instruction) -> str:
    if found.memory in _ROWS:
        return f"{found.memory} byte {found.address or 0}"
    if found.memory == "flash" and found.action in {Action.READ, Action.LOAD_PAGE, Action.WRITE}:
        return f"flash word 0x{found.address or 0:04X} {'high' if found.high else 'low'} byte"
    if found.address is not None:
        return f"{found.memory} 0x{found.address:04X}"
    return found.memory or "?"


def command_text(part: Part | None, command: Command | Malformed) -> str:
    """What a host sent: ``LOAD_ADDRESS 0x3f00``, ``UNIVERSAL read lfuse``."""
    if isinstance(command, Malformed):
        return f"no command: {hexadecimal(command.data, 16)}"
    match command:
        case Universal(instruction):
            return f"UNIVERSAL {instruction_text(part, instruction)}"
        case LoadAddress(address):
            return f"LOAD_ADDRESS 0x{address:04X}"
        case ProgPage(memory, payload):
            return f"PROG_PAGE {len(payload)} bytes of {_letter(memory)}"
        case ReadPage(memory, size):
            return f"READ_PAGE {size} bytes of {_letter(memory)}"
        case GetParameter(parameter):
            return f"GET_PARAMETER {_parameter(parameter)}"
        case SetParameter(parameter, value):
            return f"SET_PARAMETER {_parameter(parameter)} to {value:02X}"
        case UniversalMulti(payload):
            return f"UNIVERSAL_MULTI {hexadecimal(payload, 16)}"
        case _:
            arguments = command.arguments()
            return f"{command.op.name} {hexadecimal(arguments)}" if arguments else command.op.name


def reply_text(command: Command, reply: Reply) -> str:
    """What came back for ``command``: ``OK 1E``, ``NOSYNC``."""
    if not reply.data:
        return reply.status.name
    shown = f"“{printable(reply.data)}”" if command.op is Op.GET_SIGN_ON else hexadecimal(reply.data, 16)
    return shown if reply.status is Status.OK else f"{reply.status.name} {shown}"


def _letter(memory: int) -> str:
    try:
        return MemoryType(memory).name.lower()
    except ValueError:
        return f"unknown memory {memory:02X}"


def _parameter(number: int) -> str:
    try:
        return Parameter(number).name
    except ValueError:
        return f"{number:02X}"
