"""Archives whose bytes depend on their files only, and others' archives, which are not trusted."""

import gzip
import math
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import replacing, sha256

# ValueError: a name that no file can have, with a null in it or letters of no encoding.
# RecursionError: header upon header without a file; each is read by a call inside the last one.
UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    tarfile.TarError,
    zlib.error,
    MemoryError,
    RecursionError,
)
HEADERS = 16 << 20  # bytes of all headers of an archive: tens of thousands of files
# How a pickle begins, from its second protocol on, and how files with one are called.
PICKLED = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
PICKLES = {".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle"}


def pack(folder: Path, archive: Path) -> None:
    """Writes every file below `folder` into a gzipped tar, sorted by path."""
    files = {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
    pack_files(files, archive)


def pack_files(files: Mapping[str, Path], archive: Path) -> None:
    """Writes files, each to its place, into a gzipped tar: no times, no owners, sorted by path."""
    with (
        replacing(archive) as temporary,
        temporary.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for place, path in sorted(files.items(), key=lambda item: PurePosixPath(item[0])):
            member = tarfile.TarInfo(place)
            member.size = path.stat().st_size
            member.mode = 0o644
            with path.open("rb") as content:
                tar.addfile(member, content)


def unpack(archive: Path, folder: Path) -> None:
    """Extracts an archive that came from elsewhere: files and folders below `folder`, nothing else.

    Raises:
        UserError: the archive is damaged, larger than the disk, or holds something else: a path
            that leads out of it, a link, a device. Nothing of it is kept then.
    """
    folder.mkdir(parents=True)
    try:
        with _Bounded(archive) as content, tarfile.open(fileobj=content, mode="r:") as tar:
            left = shutil.disk_usage(folder).free
            for member in tar:
                left -= member.size
                if mistake := _mistake(member, left):
                    raise _refusal(archive, member.name, mistake)
                with content.unbounded():
                    tar.extract(member, folder, filter="data")
    except UserError:
        shutil.rmtree(folder)
        raise
    except UNREADABLE as error:
        shutil.rmtree(folder)
        raise _refusal(archive, "", f"it cannot be read: {error}") from error


def content_hash(archive: Path) -> str:
    """SHA-256 of an archive as `pack` would write its files.

    SageMaker's archive of a model holds the time at which it was packed. The files are unpacked
    beside it, and stay there.

    Raises:
        UserError: as `unpack`.
    """
    folder, packed = archive.parent / "unpacked", archive.parent / f"packed-{archive.name}"
    unpack(archive, folder)
    pack(folder, packed)
    return sha256(packed)


def mistake_in_model(archive: Path) -> str:
    """Why nothing of a model's archive is to be read, or nothing where it may be.

    It is damaged, holds a path that leads out of it, a link or a device; or a pickle, which runs
    whatever its author wants when it is loaded. Nothing is extracted to find that out.
    """
    try:
        with _Bounded(archive) as content, tarfile.open(fileobj=content, mode="r:") as tar:
            left = shutil.disk_usage(archive.parent).free
            for member in tar:
                left -= member.size
                with content.unbounded():
                    mistake = _mistake(member, left) or _pickled(tar, member)
                if mistake:
                    return f"{mistake} ({member.name})"
    except UNREADABLE as error:
        return f"it cannot be read: {error}"
    return ""


def _pickled(tar: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    file = tar.extractfile(member) if member.isfile() else None
    begins = file.read(2) if file else b""
    if begins in PICKLED or PurePosixPath(member.name).suffix.lower() in PICKLES:
        return "it holds a pickle, which runs code when it is loaded"
    return ""


class _Bounded(gzip.GzipFile):
    """A compressed archive of which headers are read up to a bound.

    tarfile reads a header whole, however long it says it is, before a member can be looked at; and
    a file of some hundred bytes may hold one of a gigabyte.
    """

    def __init__(self, archive: Path) -> None:
        super().__init__(archive, "rb")
        self._left: float = HEADERS

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes; `ReadError` where they go beyond the bound."""
        if size is None or not 0 <= size <= self._left:
            raise tarfile.ReadError(f"its headers have more than {HEADERS} bytes")
        self._left -= size
        return super().read(size)

    @contextmanager
    def unbounded(self) -> Iterator[None]:
        """For the block, what is read is no header."""
        before, self._left = self._left, math.inf
        yield
        self._left = before


def _mistake(member: tarfile.TarInfo, left: int) -> str:
    """Why a member is not extracted, if it is not."""
    path = PurePosixPath(member.name)
    if not (member.isfile() or member.isdir()):
        return "it holds a link or a device, and a job writes files"
    if path.is_absolute() or ".." in path.parts:
        return "it holds a path that leads out of the archive"
    return "it is larger than what is free on the disk" if left < 0 else ""


def _refusal(archive: Path, value: str, rule: str) -> UserError:
    fix = "nothing of it was kept; find out who can write to the bucket that it came from"
    return UserError.one(archive.name, value, rule, fix, ExitStatus.DATA)
