"""A folder or a zip as a few small files: bounded reading that follows no link, writing all or nothing.

Nothing is ever unpacked: files are asked for by names that avrdeck makes up itself.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from avrdeck.boards import wholefile
from avrdeck.boards.text import printable
from avrdeck.jobs.backup.model import BadBackup
from avrdeck.protocol.errors import InputFault

ZIP = ".zip"
MAX_FILE = 1 << 20
"""Intel HEX of the largest flash, 256 KiB, takes 720 KiB."""
MAX_ARCHIVE = 4 << 20
MAX_MEMBERS = 64
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
ANOTHER = "Use another copy of it."

Read = Callable[[str], bytes]
"""The content of a file of that name; raises `BadBackup` when it is missing, no file, or too large."""


@contextmanager
def opened(path: Path) -> Iterator[Read]:
    """Read the folder or zip at ``path``; raises `BadBackup` when it is neither."""
    name = printable(path.name)
    if path.is_dir():
        yield lambda file: _from_folder(path, name, file)
        return
    with ExitStack() as stack:
        with _told(name):
            stream = stack.enter_context(_plain_file(path, name))
            if os.fstat(stream.fileno()).st_size > MAX_ARCHIVE:
                raise BadBackup(name, f"the file has more than {MAX_ARCHIVE >> 20} MiB")
            archive = stack.enter_context(zipfile.ZipFile(stream))
            members = _members(archive, name)
        yield lambda file: _from_zip(archive, members, name, file)


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Foreign errors as `BadBackup`."""
    try:
        yield
    except FileNotFoundError as error:
        raise BadBackup(
            name, "there is no such file", advice="avrdeck backups list shows those there are."
        ) from error
    except OSError as error:
        raise BadBackup(name, f"it cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        # These are what zipfile raises for damaged input.
        raise BadBackup(name, "it is no zip file, or a damaged one", advice=ANOTHER) from error


def _members(archive: zipfile.ZipFile, name: str) -> Mapping[str, zipfile.ZipInfo]:
    """The members by name, once every one of them is above suspicion."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise BadBackup(name, f"it holds {len(infos)} files")
    members = {info.filename: info for info in infos}
    if len(members) < len(infos):
        raise BadBackup(name, "it holds two files of one name")
    for info in infos:
        shown = printable(info.filename)[:40]
        place = PurePosixPath(info.filename.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts or ":" in info.filename:
            raise BadBackup(name, f"it holds a name that leads out of its folder: {shown}")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise BadBackup(name, f"it holds a link: {shown}")
        if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
            raise BadBackup(name, f"{shown} is encrypted or packed in a way that avrdeck does not read")
        if info.file_size > MAX_FILE:
            raise BadBackup(name, f"{shown} would unpack to more than {MAX_FILE >> 20} MiB")
    return members


def _from_zip(
    archive: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo], name: str, file: str
) -> bytes:
    if file not in members:
        raise BadBackup(name, f"{file} is missing")
    with _told(name), archive.open(members[file]) as stream:
        return _bounded(stream.read(MAX_FILE + 1), name, file)


def _from_folder(folder: Path, name: str, file: str) -> bytes:
    path = folder / file
    if path.is_symlink():
        raise BadBackup(name, f"{file} is a link")
    if not path.exists():
        raise BadBackup(name, f"{file} is missing")
    with _told(name), _plain_file(path, name) as stream:
        return _bounded(stream.read(MAX_FILE + 1), name, file)


@contextmanager
def _plain_file(path: Path, name: str) -> Iterator[BinaryIO]:
    """A regular file; opening a pipe does not wait for its writer."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise BadBackup(name, "it is no regular file")
        yield stream


def _bounded(content: bytes, name: str, file: str) -> bytes:
    if len(content) > MAX_FILE:
        raise BadBackup(name, f"{file} has more than {MAX_FILE >> 20} MiB")
    return content


def insist_on_free(path: Path) -> None:
    """Raise `InputFault` when there is something at ``path``."""
    if path.exists():
        raise InputFault(
            f"{printable(str(path))} exists already",
            advice="A backup replaces nothing: choose another name.",
        )


def write(path: Path, files: Mapping[str, bytes], made: datetime) -> None:
    """Make ``path``, a zip when it is called so and else a folder, with ``files``.

    It appears complete or not at all. Raises `InputFault` when there is something of that name or it
    cannot be written.
    """
    draft = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        insist_on_free(path)
        if path.suffix.lower() == ZIP:
            _write_zip(draft, files, made)
        else:
            _write_folder(draft, files)
        draft.rename(path)
        wholefile.sync_folder(path.parent)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise InputFault(
            f"{printable(str(path))} cannot be written: {printable(reason)}",
            advice="Make room there, allow writing, or choose another place.",
        ) from error
    finally:
        _remove(draft)


def _write_zip(draft: Path, files: Mapping[str, bytes], made: datetime) -> None:
    with draft.open("xb") as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                info = zipfile.ZipInfo(name, made.timetuple()[:6])
                info.external_attr = 0o644 << 16
                archive.writestr(info, content, zipfile.ZIP_DEFLATED)
        stream.flush()
        os.fsync(stream.fileno())


def _write_folder(draft: Path, files: Mapping[str, bytes]) -> None:
    draft.mkdir()
    for name, content in files.items():
        with (draft / name).open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())


def _remove(draft: Path) -> None:
    """Leave nothing half made behind; where that fails the error that led here is told."""
    with suppress(OSError):
        if draft.is_dir():
            shutil.rmtree(draft)
        else:
            draft.unlink(missing_ok=True)
