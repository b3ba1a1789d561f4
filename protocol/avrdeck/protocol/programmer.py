"""One programmer and the target behind it: who it is, programming mode, signature, erase."""

from __future__ import annotations

from avrdeck.boards.catalog import by_signature
from avrdeck.boards.models import Part
from avrdeck.protocol import isp
from avrdeck.protocol.codes import Op
from avrdeck.protocol.dialects import PROBED, Dialect, Identity, Reach, recognise
from avrdeck.protocol.errors import RemoteProtocolError, SignatureMismatch, SyncError, TargetError, UsageFault
from avrdeck.protocol.flight import Request
from avrdeck.protocol.framing import Reply
from avrdeck.protocol.link import Link, checked
from avrdeck.protocol.stk500v1 import (
    ChipErase,
    Command,
    EnterProgmode,
    GetParameter,
    GetSignOn,
    LeaveProgmode,
    ReadSign,
    SetDevice,
    Universal,
)
from avrdeck.protocol.text import hexadecimal

SIGNATURE_BYTES = 3
AGREEING_READS = 3
"""How often identity and fuses are read before they are believed: ENTER_PROGMODE says OK without a
target too, so only a stable answer proves one."""
ENTER_US = 250_000
"""The sketch pulses and holds RESET for 70 ms; an STK500 tries its synchronisation for longer."""
_ECHO = bytes([0x00, 0x01, 0x02])
"""The address bytes of the signature reads, as a chip that does not answer hands them on (AVR910)."""
_SIGNATURE_READS = tuple(bytes([0x30, 0x00, address, 0x00]) for address in range(SIGNATURE_BYTES))


class Programmer:
    """A programmer that answers. ``part`` is set once the target is known.

    ``fuses`` are the target's fuse and lock bytes as they were last read or written, by name. They outlive
    a target that no longer answers, perhaps because of them.
    """

    def __init__(self, link: Link, identity: Identity, dialect: Dialect) -> None:
        self.link = link
        self.identity = identity
        self.dialect = dialect
        self.part: Part | None = None
        self.fuses: dict[str, int] = {}
        self.in_progmode = False
        # The session before may have ended without a word, and the sketch stays as it was.
        self._left_behind = dialect.reach is Reach.ISP and not dialect.cautious

    @classmethod
    async def connect(cls, link: Link) -> Programmer:
        """Synchronise and find out who answers.

        Raises `SyncError` when nobody does, `PortError` when the port goes away.
        """
        await link.synchronise()
        sign_on = await _probe(link, GetSignOn())
        values = [await _probe(link, GetParameter(parameter)) for parameter in PROBED]
        text = sign_on.decode("ascii", "replace") if sign_on else ""
        identity = Identity(text, *(value[0] if value else None for value in values))
        dialect = recognise(identity)
        link.window = dialect.window
        return cls(link, identity, dialect)

    async def enter(self, part: Part | None = None) -> None:
        """Put the target into programming mode, as ``part`` when that is known.

        A target that is in programming mode already is let go first: the sketch ignores a second
        ENTER_PROGMODE, and fuses take effect only in between.
        """
        await self._enter(part, [])

    async def leave(self) -> None:
        """Let the target run. Fuses written since `enter` take effect."""
        self.in_progmode = self._left_behind = False
        await self.link.request(LeaveProgmode())

    async def choose(self, part: Part) -> None:
        """Treat the target as ``part`` and tell the programmer so."""
        if not part.is_avr or part.clone:
            raise UsageFault(
                f"avrdeck does not program {part.name}",
                detail="It is no AVR, or a clone whose fuses mean something else.",
                advice="Use its maker's tool.",
            )
        if self.dialect.set_device:
            await self.link.request(device_of(part))
        self.part = part

    async def signature(self) -> bytes:
        """The target's three signature bytes, read until three times in a row they agree.

        Raises `TargetError` when they do not, or are no signature: no target, no power, no clock.
        """
        requests = self._signature_requests()
        return self._agreed(await self._ask_all(requests))

    def _agreed(self, answers: bytes) -> bytes:
        reads = [answers[at : at + SIGNATURE_BYTES] for at in range(0, len(answers), SIGNATURE_BYTES)]
        if len(set(reads)) > 1:
            raise TargetError(
                "The target's signature changes from read to read",
                detail="; ".join(hexadecimal(read) for read in reads) + ".",
                advice="Shorten the wires, check GND, and that SCK is slower than a quarter of its clock.",
            )
        if len(set(reads[0])) == 1 and reads[0][0] in {0x00, 0xFF}:
            raise _no_target(reads[0], self.dialect)
        if reads[0] == _ECHO:
            raise TargetError(
                "The target only echoes: its signature reads 00 01 02",
                detail="It is not in programming mode, or an old AVR whose lock bits hide the signature.",
                advice="Connect again; if that stays, a chip erase unlocks it.",
            )
        return reads[0]

    async def identify(self, expected: Part | None = None) -> Part:
        """Find out what the target is, in programming mode, and take it as `part`.

        With ``expected`` the signature must be that part's, else `SignatureMismatch`. Without, the
        best guess of the parts with that signature is taken; raises `TargetError` for an unknown one.
        """
        reads = await self._enter(expected, self._signature_requests())
        before, self.part = self.part, None
        actual = self._agreed(reads)
        if before and before.signature != actual:
            self.fuses = {}
        candidates = by_signature(actual)
        if expected:
            if actual != expected.signature:
                raise _mismatch(expected, actual, candidates)
            self.part = expected
            return expected
        if not candidates:
            raise TargetError(
                f"No part that avrdeck knows has the signature {hexadecimal(actual)}",
                advice="Check the wiring; if the chip is new, name its nearest relative with -p.",
            )
        await self.choose(candidates[0])
        return candidates[0]

    async def universal(self, frame: bytes, *, settle_us: int = 0) -> int:
        """Send four bytes to the target and return the last one that came back.

        Raises `UsageFault` on firmware that answers this without asking the target.
        """
        self.require(frame)
        return (await self.link.request(Universal(frame), settle_us=settle_us))[0]

    async def instruct(self, op: str, address: int = 0, data: int = 0, *, settle_us: int = 0) -> int:
        """Carry out instruction ``op`` of the part; returns what a read brings, unused bits as 1."""
        part = self.require_part()
        last = await self.universal(isp.encode(part, op, address, data), settle_us=settle_us)
        return isp.answer(part, op, last)

    async def instruct_all(self, frames: list[bytes]) -> bytes:
        """Send many instructions as fast as the firmware takes them; the last byte of each answer.

        Raises as `universal`.
        """
        for frame in frames:
            self.require(frame)
        return await self._ask_all([Request(Universal(frame)) for frame in frames])

    async def chip_erase(self) -> None:
        """Erase flash, EEPROM (unless EESAVE is programmed) and, last, the lock bits."""
        part = self.require_part()
        if self.dialect.reach is Reach.BOOTLOADER:
            raise UsageFault(
                "A bootloader cannot erase the chip", advice="Connect an ISP programmer to erase it."
            )
        if self.dialect.chip_erase:
            await self.link.request(ChipErase(), busy_us=part.timing.chip_erase_us)
        else:
            await self.instruct("chip_erase", settle_us=part.timing.chip_erase_us)
        if part.timing.erase_ends_with_reset:
            await self.enter()

    def require_part(self) -> Part:
        """The target's part; raises `UsageFault` when it is not known yet."""
        if self.part is None:
            raise UsageFault("The target is not known yet", advice="Identify it, or name it with -p.")
        return self.part

    def require(self, instruction: bytes) -> None:
        """Raise `UsageFault` for an instruction that the firmware answers without the chip."""
        if not self.dialect.carries_out(instruction):
            raise UsageFault(
                f"{self.dialect.name} cannot pass ISP instructions on",
                detail="It is a bootloader: it answers them with a made-up zero.",
                advice="Fuses, lock bits and the signature row need an ISP programmer.",
            )

    async def _enter(self, part: Part | None, then: list[Request]) -> bytes:
        """As `enter`; the requests in ``then`` travel while the programmer is busy with it."""
        if self.in_progmode or self._left_behind:
            await self.leave()
        if part:
            await self.choose(part)
        return await self._ask_all([Request(EnterProgmode(), busy_us=ENTER_US), *then])

    async def _ask_all(self, requests: list[Request]) -> bytes:
        """The data of all replies, one after the other."""
        answers = bytearray()

        def collect(request: Request, reply: Reply) -> None:
            answers.extend(checked(request, reply))
            if request.command.op is Op.ENTER_PROGMODE:
                self.in_progmode = True

        await self.link.run(requests, collect)
        return bytes(answers)

    def _signature_requests(self) -> list[Request]:
        """As many reads as have to agree."""
        if not self.dialect.universal:
            return [Request(ReadSign())] * AGREEING_READS
        return [Request(Universal(frame)) for frame in _SIGNATURE_READS] * AGREEING_READS


async def _probe(link: Link, command: Command) -> bytes | None:
    """What a harmless command brings; nothing where the firmware refuses or does not know it."""
    try:
        reply = await link.ask(command)
    except (SyncError, RemoteProtocolError):
        await link.synchronise()
        return None
    return reply.data if reply.ok else None


def device_of(part: Part) -> SetDevice:
    """SET_DEVICE for ``part``: what the sketch uses is the code, the page and the EEPROM size."""
    poll = part.flash.readback_poll or (0xFF, 0xFF)
    eeprom_poll = (part.eeprom.readback_poll if part.eeprom else None) or (0xFF, 0xFF)
    return SetDevice(
        device_code=part.stk500_devcode or 0,
        revision=0,
        prog_type=0,
        par_mode=1,
        polling=1,
        self_timed=1,
        lock_bytes=1,
        fuse_bytes=len(part.fuse_bytes),
        flash_poll=poll[0],
        eeprom_poll1=eeprom_poll[0],
        eeprom_poll2=eeprom_poll[1],
        page_size=part.flash.page_size or 0,
        eeprom_size=part.eeprom.size if part.eeprom else 0,
        flash_size=part.flash.size,
    )


def _no_target(signature: bytes, dialect: Dialect) -> TargetError:
    low = signature[0] == 0x00
    seen = (
        "MISO stays low: no power, no clock, or RESET and MISO not connected"
        if low
        else "MISO stays high: no target, or it does not enter programming mode"
    )
    sck = (
        f" SCK is {dialect.sck_hz // 1000} kHz, so it must be faster than {dialect.sck_hz // 250} kHz."
        if dialect.sck_hz
        else ""
    )
    return TargetError(
        f"No target answers: its signature reads {hexadecimal(signature)}",
        detail=f"{seen}.",
        advice="Check VCC, GND, RESET, MOSI, MISO and SCK, and that the target's clock runs: fuses set for a "
        f"crystal need one.{sck}",
    )


def _mismatch(expected: Part, actual: bytes, candidates: tuple[Part, ...]) -> SignatureMismatch:
    names = tuple(part.name for part in candidates)
    found = " or ".join(names) if names else "no part that avrdeck knows"
    return SignatureMismatch(
        expected.signature,
        actual,
        f"The target is not {expected.name}: its signature is {hexadecimal(actual)}, "
        f"not {expected.signature_text}",
        candidates=names,
        advice=f"That is {found}. Name the part that is there, or check that the right board is connected.",
    )
