"""Room on the disk, looked at before and while something large is written."""

import shutil
from pathlib import Path

from regulated_ml.errors import ExitStatus, UserError

SPARE = 1 << 26  # bytes that are left to others


def free(folder: Path) -> int:
    """Bytes that may be written below a folder, which need not be there yet."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return max(0, shutil.disk_usage(there).free - SPARE)


def no_room(what: str, size: int, folder: Path) -> UserError:
    """The error for something that does not fit."""
    return UserError.one(
        what,
        f"{size / 1e6:,.0f} MB",
        f"fits on the disk of {folder}; {free(folder) / 1e6:,.0f} MB are free there",
        "free some space, or put the repository on a larger disk",
        ExitStatus.RESOURCE,
    )
