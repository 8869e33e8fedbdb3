"""A lock that one process holds at a time, and that dies with the process."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(lock: Path, when_waiting: Callable[[], None] = lambda: None) -> Iterator[int]:
    """Holds `lock` for the block, waiting while another process has it; yields its descriptor.

    `when_waiting` is called before the wait begins, if there is one.

    A child process that inherits the descriptor keeps the lock for as long as it lives. The file
    is removed at the end, so who waited may get the lock of a file that is gone, and tries again.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with lock.open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                when_waiting()
                fcntl.flock(handle, fcntl.LOCK_EX)
            if not _is_open_as(lock, handle.fileno()):
                continue
            try:
                yield handle.fileno()
            finally:
                lock.unlink(missing_ok=True)
            return


def _is_open_as(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
