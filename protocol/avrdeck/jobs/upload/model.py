"""What an upload is asked to do, and what it says in the end."""

from __future__ import annotations

from dataclasses import dataclass

from avrdeck.boards.images import Image
from avrdeck.jobs.events import EventHandler, StepDone, StepStarted
from avrdeck.jobs.upload import verifying
from avrdeck.protocol.programmer import Programmer


@dataclass(frozen=True, slots=True)
class Plan:
    """What to upload.

    With ``delta`` only the pages that differ are written through a bootloader; over ISP it is always so, as
    long as nothing has to be erased. ``board_limit`` is how many bytes of flash the board's description
    leaves for sketches.
    """

    image: Image
    delta: bool = False
    board_limit: int | None = None


@dataclass(frozen=True, slots=True)
class UploadReceipt:
    """What was done.

    ``pages_written`` of ``pages`` that the image touches. ``healed`` bytes read wrong once and right the
    second time. ``erased``: the chip was erased over ISP; ``kept_bootloader``: and its bootloader put back.
    ``backup`` names the file with what the chip held before, ``unsaved`` the memories that were erased, were
    not blank and are not in it.
    """

    part: str
    file: str
    through: str
    size: int
    pages: int
    pages_written: int
    healed: int = 0
    erased: bool = False
    kept_bootloader: bool = False
    backup: str = ""
    unsaved: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """The same in words, what matters first."""
        pages = f"{self.pages_written} of {self.pages} pages written"
        lines = [
            f"{self.file} is in the {self.part}, {self.size} bytes verified",
            f"{pages} through {self.through}",
        ]
        if self.erased:
            kept = "; its bootloader is back" if self.kept_bootloader else ""
            lines.append(f"the chip was erased first{kept}")
        if self.backup:
            without = f", without {' and '.join(self.unsaved)}" if self.unsaved else ""
            lines.append(f"what it held before is in {self.backup}{without}")
        return lines


async def verified(programmer: Programmer, image: Image, size: int, on_event: EventHandler) -> int:
    """Verify ``image``, of which ``size`` bytes are the user's; how many bytes needed a second read."""
    on_event(StepStarted("verify", "verify flash"))
    healed = await verifying.insist(programmer, image, on_event)
    noise = f"; {healed} of them only at the second read: the line is noisy" if healed else ""
    on_event(StepDone("verify", f"{size} bytes agree{noise}"))
    return healed
