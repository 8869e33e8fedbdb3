"""Puts a whole folder in the place of another, so that a reader finds the old site or the new one.

POSIX has no call that exchanges two folders. So the old one is renamed away and the new one renamed
in; a process killed between the two leaves the old one beside, and the next build puts it back.
"""

import fcntl
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing_folder(destination: Path, ours: Collection[str]) -> Iterator[Path]:
    """A new folder beside `destination`, which takes its place when the block ends well.

    `ours` are the names that the new folder may hold; whatever else lies in the old one is kept.
    Only one process at a time is in the block. Raises OSError when the disk or the rights fail.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    new, old = (destination.with_name(f".{destination.name}-{word}") for word in ("new", "old"))
    with _locked(destination.parent):
        _settle(destination, new, old, ours)
        new.mkdir()
        try:
            yield new
            if destination.exists():
                destination.rename(old)
            new.rename(destination)
        finally:
            _settle(destination, new, old, ours)


def _settle(destination: Path, new: Path, old: Path, ours: Collection[str]) -> None:
    """Removes what is unfinished; puts the old folder back, or takes over what is not ours."""
    if new.exists():
        shutil.rmtree(new)
    if not old.exists():
        return
    if not destination.exists():
        old.rename(destination)
        return
    for kept in old.iterdir():
        if kept.name not in ours:
            kept.rename(destination / kept.name)
    shutil.rmtree(old)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Holds a lock on the folder itself, which ends with the process and leaves no file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
