"""model.tar.gz whose bytes depend on its files only: no times, owners or orders of a folder."""

import gzip
import tarfile
from pathlib import Path

from regulated_ml.files import replacing


def pack(folder: Path, archive: Path) -> None:
    """Writes every file below `folder` into a gzipped tar, sorted by path."""
    with (
        replacing(archive) as temporary,
        temporary.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            member.size = path.stat().st_size
            member.mode = 0o644
            with path.open("rb") as content:
                tar.addfile(member, content)
