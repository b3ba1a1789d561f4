"""STK500 version 1 commands (Atmel application note AVR061), as values that encode themselves. Pure.

A command is an opcode, arguments of known length and `EOP`. A good reply is INSYNC, data of known
length, OK. Neither has a checksum. `avrdeck.protocol.framing` cuts byte streams into these.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import ClassVar, Self

from avrdeck.protocol.codes import EOP, SIGN_ON_BYTES, Op


@dataclass(frozen=True, slots=True)
class Command:
    """A command; subclasses hold its arguments, one byte each unless they say otherwise."""

    op: ClassVar[Op]
    argument_size: ClassVar[int] = 0
    """Bytes between the opcode and EOP; for a variable command, those that tell the rest."""
    data_size: ClassVar[int] = 0

    def arguments(self) -> bytes:
        """The bytes between the opcode and EOP."""
        return bytes(astuple(self))

    @classmethod
    def total_arguments(cls, head: bytes) -> int:
        """How many argument bytes there are in all, given the first ``argument_size`` of them."""
        del head
        return cls.argument_size

    @classmethod
    def from_arguments(cls, arguments: bytes) -> Self:
        """The inverse of `arguments`."""
        return cls(*arguments)

    @property
    def reply_size(self) -> int:
        """Data bytes of a good reply, between INSYNC and OK."""
        return self.data_size

    def encode(self) -> bytes:
        """The whole command as it goes on the wire."""
        return bytes([self.op]) + self.arguments() + bytes([EOP])


@dataclass(frozen=True, slots=True)
class GetSync(Command):
    """Ask for nothing but INSYNC, OK."""

    op = Op.GET_SYNC


@dataclass(frozen=True, slots=True)
class GetSignOn(Command):
    """Ask for the sign-on text. Optiboot answers without any."""

    op = Op.GET_SIGN_ON
    data_size = SIGN_ON_BYTES


@dataclass(frozen=True, slots=True)
class SetParameter(Command):
    """Set a parameter. Stock ArduinoISP has no such command and loses step over it."""

    parameter: int
    value: int
    op = Op.SET_PARAMETER
    argument_size = 2


@dataclass(frozen=True, slots=True)
class GetParameter(Command):
    """Ask for one parameter; one that does not exist comes back itself, with FAILED."""

    parameter: int
    op = Op.GET_PARAMETER
    argument_size = 1
    data_size = 1


@dataclass(frozen=True, slots=True)
class SetDevice(Command):
    """Describe the target. Sizes in bytes; the rest are AVR061's coded properties."""

    device_code: int
    revision: int
    prog_type: int
    par_mode: int
    polling: int
    self_timed: int
    lock_bytes: int
    fuse_bytes: int
    flash_poll: int
    eeprom_poll1: int
    eeprom_poll2: int
    page_size: int
    eeprom_size: int
    flash_size: int
    op = Op.SET_DEVICE
    argument_size = 20

    def arguments(self) -> bytes:
        """Twenty bytes; sizes are big endian, the flash poll value is sent twice."""
        coded = bytes(astuple(self)[:9]) + bytes([self.flash_poll, self.eeprom_poll1, self.eeprom_poll2])
        sizes = self.page_size.to_bytes(2, "big") + self.eeprom_size.to_bytes(2, "big")
        return coded + sizes + self.flash_size.to_bytes(4, "big")

    @classmethod
    def from_arguments(cls, arguments: bytes) -> Self:
        """The inverse of `arguments`."""
        sizes = (arguments[12:14], arguments[14:16], arguments[16:20])
        return cls(*arguments[:9], *arguments[10:12], *(int.from_bytes(size, "big") for size in sizes))


@dataclass(frozen=True, slots=True)
class SetDeviceExt(Command):
    """More about the target: EEPROM page size and the pins of parallel programming."""

    eeprom_page_size: int
    pagel: int
    bs2: int
    reset_disable: int
    op = Op.SET_DEVICE_EXT
    argument_size = 5

    def arguments(self) -> bytes:
        """The count of bytes, itself included, then the four values."""
        return bytes([self.argument_size, *astuple(self)])

    @classmethod
    def from_arguments(cls, arguments: bytes) -> Self:
        """The inverse of `arguments`."""
        return cls(*arguments[1:])


@dataclass(frozen=True, slots=True)
class EnterProgmode(Command):
    """Reset the target into programming mode."""

    op = Op.ENTER_PROGMODE


@dataclass(frozen=True, slots=True)
class LeaveProgmode(Command):
    """Let the target run; its fuses take effect."""

    op = Op.LEAVE_PROGMODE


@dataclass(frozen=True, slots=True)
class ChipErase(Command):
    """Erase the target. Few firmwares implement it: see the dialects."""

    op = Op.CHIP_ERASE


@dataclass(frozen=True, slots=True)
class CheckAutoinc(Command):
    """Ask whether addresses advance by themselves."""

    op = Op.CHECK_AUTOINC
    data_size = 1


@dataclass(frozen=True, slots=True)
class LoadAddress(Command):
    """Set the address of the next page or word: words in flash; see the dialect for EEPROM."""

    address: int
    op = Op.LOAD_ADDRESS
    argument_size = 2

    def arguments(self) -> bytes:
        """Low byte first, unlike every other number of the protocol."""
        return self.address.to_bytes(2, "little")

    @classmethod
    def from_arguments(cls, arguments: bytes) -> Self:
        """The inverse of `arguments`."""
        return cls(int.from_bytes(arguments, "little"))


@dataclass(frozen=True, slots=True)
class Universal(Command):
    """Send one 4-byte ISP instruction; the reply is the byte shifted out during the fourth."""

    instruction: bytes
    op = Op.UNIVERSAL
    argument_size = 4
    data_size = 1

    def arguments(self) -> bytes:
        """The four bytes."""
        return self.instruction

    @classmethod
    def from_arguments(cls, arguments: bytes) -> Self:
        """The inverse of `arguments`."""
        return cls(arguments)


@dataclass(frozen=True, slots=True)
class UniversalMulti(Command):
    """Send 1 to 256 bytes over SPI."""

    payload: bytes
    op = Op.UNIVERSAL_MULTI
    argument_size = 1
    data_size = 1

    def arguments(self) -> bytes:
        """The count less one, then the bytes."""
        return bytes([len(self.payload) - 1]) + self.payload

    @classmethod
    def total_arguments(cls, head: bytes) -> int:
        """The count and what it counts."""
        return head[0] + 2

    @classmethod
    def from_arguments(cls, arguments: bytes) -> Self:
        """The inverse of `arguments`."""
        return cls(arguments[1:])


@dataclass(frozen=True, slots=True)
class ProgFlash(Command):
    """Write one flash word."""

    low: int
    high: int
    op = Op.PROG_FLASH
    argument_size = 2


@dataclass(frozen=True, slots=True)
class ProgData(Command):
    """Write one EEPROM byte."""

    value: int
    op = Op.PROG_DATA
    argument_size = 1


@dataclass(frozen=True, slots=True)
class ProgFuse(Command):
    """Write the low and high fuse in parallel mode."""

    low: int
    high: int
    op = Op.PROG_FUSE
    argument_size = 2


@dataclass(frozen=True, slots=True)
class ProgLock(Command):
    """Write the lock byte in parallel mode."""

    lock: int
    op = Op.PROG_LOCK
    argument_size = 1


@dataclass(frozen=True, slots=True)
class ProgFuseExt(Command):
    """Write the three fuse bytes in parallel mode."""

    low: int
    high: int
    extended: int
    op = Op.PROG_FUSE_EXT
    argument_size = 3


@dataclass(frozen=True, slots=True)
class ProgPage(Command):
    """Write up to `MAX_PAGE_BYTES` at the loaded address."""

    memory: int
    payload: bytes
    op = Op.PROG_PAGE
    argument_size = 3

    def arguments(self) -> bytes:
        """The size, high byte first, the memory letter, the bytes."""
        return len(self.payload).to_bytes(2, "big") + bytes([self.memory]) + self.payload

    @classmethod
    def total_arguments(cls, head: bytes) -> int:
        """Size and letter, and what the size counts."""
        return cls.argument_size + int.from_bytes(head[:2], "big")

    @classmethod
    def from_arguments(cls, arguments: bytes) -> Self:
        """The inverse of `arguments`."""
        return cls(arguments[2], arguments[3:])


@dataclass(frozen=True, slots=True)
class ReadPage(Command):
    """Read ``size`` bytes from the loaded address."""

    memory: int
    size: int
    op = Op.READ_PAGE
    argument_size = 3

    def arguments(self) -> bytes:
        """The size, high byte first, and the memory letter."""
        return self.size.to_bytes(2, "big") + bytes([self.memory])

    @classmethod
    def from_arguments(cls, arguments: bytes) -> Self:
        """The inverse of `arguments`."""
        return cls(arguments[2], int.from_bytes(arguments[:2], "big"))

    @property
    def reply_size(self) -> int:
        """As many bytes as were asked for."""
        return self.size


@dataclass(frozen=True, slots=True)
class ReadFlash(Command):
    """Read one flash word, low byte first."""

    op = Op.READ_FLASH
    data_size = 2


@dataclass(frozen=True, slots=True)
class ReadData(Command):
    """Read one EEPROM byte."""

    op = Op.READ_DATA
    data_size = 1


@dataclass(frozen=True, slots=True)
class ReadFuse(Command):
    """Read the low and high fuse."""

    op = Op.READ_FUSE
    data_size = 2


@dataclass(frozen=True, slots=True)
class ReadLock(Command):
    """Read the lock byte."""

    op = Op.READ_LOCK
    data_size = 1


@dataclass(frozen=True, slots=True)
class ReadSign(Command):
    """Read the three signature bytes."""

    op = Op.READ_SIGN
    data_size = 3


@dataclass(frozen=True, slots=True)
class ReadOsccal(Command):
    """Read the first oscillator calibration byte."""

    op = Op.READ_OSCCAL
    data_size = 1


@dataclass(frozen=True, slots=True)
class ReadFuseExt(Command):
    """Read the three fuse bytes."""

    op = Op.READ_FUSE_EXT
    data_size = 3


@dataclass(frozen=True, slots=True)
class ReadOsccalExt(Command):
    """Read one oscillator calibration byte."""

    address: int
    op = Op.READ_OSCCAL_EXT
    argument_size = 1
    data_size = 1


COMMANDS: dict[int, type[Command]] = {command.op: command for command in Command.__subclasses__()}
"""Every command by its opcode."""
