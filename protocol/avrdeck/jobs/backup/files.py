"""Backups on disk: a manifest and one Intel HEX file a memory, which avrdude reads too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from avrdeck.boards.images import Image, ImageError, hexfile
from avrdeck.boards.images.image import Contradiction, joined
from avrdeck.boards.text import printable
from avrdeck.jobs.backup import container, manifest
from avrdeck.jobs.backup.container import Read
from avrdeck.jobs.backup.model import Backup, BadBackup, Entry, Header


def save(backup: Backup, path: Path) -> Path:
    """Write ``backup`` to ``path``, as a zip when it is called so, else as a folder; returns the path.

    Raises `InputFault` when it exists or cannot be written.
    """
    files = {manifest.FILE: manifest.dump(backup.header).encode()}
    for name, content in backup.memories.items():
        files[_file(name)] = hexfile.write(Image.of(content, memory=name))
    container.write(path, files, backup.header.made)
    return path


def load(path: Path) -> Backup:
    """The backup at ``path``, every byte of it checked; raises `BadBackup`."""
    name = printable(path.name)
    with container.opened(path) as read:
        header = _header(read, name)
        memories = {
            memory: _content(read, name, memory, header.memories[memory]) for memory in header.memories
        }
    if memories.get("signature", header.chip.signature) != header.chip.signature:
        raise BadBackup(name, "its signature.hex is of another chip than its manifest")
    return Backup(header, memories, name)


def load_header(path: Path) -> Header:
    """What its manifest says, the contents unchecked; raises `BadBackup`."""
    with container.opened(path) as read:
        return _header(read, printable(path.name))


def relabelled(backup: Backup, label: str) -> Backup:
    """The same backup under another label, cut and made printable."""
    label = printable(label)[: manifest.MAX_LABEL]
    return replace(backup, header=replace(backup.header, label=label))


def _header(read: Read, name: str) -> Header:
    text = read(manifest.FILE)
    if len(text) > manifest.MAX_BYTES:
        raise BadBackup(name, "its manifest is too long")
    return manifest.parse(text, name)


def _content(read: Read, name: str, memory: str, entry: Entry) -> bytes:
    file = _file(memory)
    try:
        segments = joined(hexfile.read(file, read(file)))
    except ImageError as error:
        raise BadBackup(name, f"{error.file}: {error.what}", advice="Use another copy of it.") from error
    except Contradiction as clash:
        raise BadBackup(name, f"{file} contradicts itself at 0x{clash.address:04X}") from clash
    image = Image(file, segments, memory)
    content = image.segments[0].data if len(segments) == 1 and image.start == 0 else b""
    if Entry.of(content) != entry:
        raise BadBackup(
            name, f"{file} does not hold what its manifest says", advice="Use another copy of it."
        )
    return content


def _file(memory: str) -> str:
    return f"{memory}.hex"
