"""A lock on an open file, between programs, that is either had at once or not.

POSIX locks the file; the system takes the lock away when the program dies. Windows locks bytes from where
the file stands, here the first one, which need not exist; without an unlock, a close frees them some time.
"""

from __future__ import annotations

import errno
import os
import sys

if sys.platform == "win32":
    import msvcrt

    _HELD_BY_ANOTHER = frozenset({errno.EACCES, errno.EDEADLK})
    _BYTES = 1

    def try_lock(descriptor: int) -> bool:
        """Whether the lock was free, and is held now. Raises `OSError` for all else."""
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, _BYTES)
        except OSError as error:
            if error.errno in _HELD_BY_ANOTHER:
                return False
            raise
        return True

    def unlock(descriptor: int) -> None:
        """Let go of the lock that is held."""
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, _BYTES)
else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Whether the lock was free, and is held now. Raises `OSError` for all else."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(descriptor: int) -> None:
        """Let go of the lock that is held."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)
