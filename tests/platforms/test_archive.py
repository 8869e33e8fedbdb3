"""An archive of ours has the same bytes always and everywhere; one of others is not believed."""

import gzip
import io
import os
import tarfile
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regulated_ml.errors import UserError
from regulated_ml.files import sha256
from regulated_ml.platforms import archive as archive_module
from regulated_ml.platforms.archive import pack, unpack


def a_model(folder: Path, names: list[str]) -> Path:
    """A model's folder, its files made in the order given."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def test_equal_files_make_equal_archives(tmp_path: Path) -> None:
    names = ["xgboost-model.ubj", "metadata/features.json"]
    one = a_model(tmp_path / "one", names)
    two = a_model(tmp_path / "two", names[::-1])
    os.utime(two / names[0], (0, 0))
    (two / names[0]).chmod(0o600)
    pack(one, tmp_path / "one.tar.gz")
    pack(two, tmp_path / "other-name.tar.gz")
    assert sha256(tmp_path / "one.tar.gz") == sha256(tmp_path / "other-name.tar.gz")
    # RFC 1952: bytes 4 to 7 are the time, zero where none is given.
    assert (tmp_path / "one.tar.gz").read_bytes()[4:8] == bytes(4)


def test_the_archive_unpacks_to_what_went_in(tmp_path: Path) -> None:
    folder = a_model(tmp_path / "model", ["xgboost-model.ubj", "metadata/features.json"])
    pack(folder, tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        archive.extractall(tmp_path / "out", filter="data")
        assert archive.getnames() == ["metadata/features.json", "xgboost-model.ubj"]
    assert (tmp_path / "out/xgboost-model.ubj").read_text() == "xgboost-model.ubj"


Member = tuple[str, Callable[[tarfile.TarInfo], None]]


def a_file(member: tarfile.TarInfo) -> None:
    """Leaves the member an empty file."""


def a_link(to: str, kind: bytes = tarfile.SYMTYPE) -> Callable[[tarfile.TarInfo], None]:
    """Makes the member a link."""

    def change(member: tarfile.TarInfo) -> None:
        member.type, member.linkname = kind, to

    return change


def a_device(kind: bytes) -> Callable[[tarfile.TarInfo], None]:
    """Makes the member something that is no file."""

    def change(member: tarfile.TarInfo) -> None:
        member.type = kind

    return change


def too_large(member: tarfile.TarInfo) -> None:
    """Says that the member has more bytes than any disk."""
    member.size = 2**60


HOSTILE: dict[str, list[Member]] = {
    "up": [("../escaped", a_file)],
    "up from a folder": [("data/../../escaped", a_file)],
    "absolute": [("/tmp/escaped", a_file)],
    "link out": [("link", a_link("/etc/passwd"))],
    "link inside": [("file", a_file), ("link", a_link("file"))],
    "hard link": [("file", a_file), ("link", a_link("file", tarfile.LNKTYPE))],
    "through a link": [("link", a_link("..")), ("link/escaped", a_file)],
    "pipe": [("pipe", a_device(tarfile.FIFOTYPE))],
    "device": [("device", a_device(tarfile.CHRTYPE))],
    "too large": [("large", too_large)],
}


def hostile(folder: Path, members: list[Member]) -> Path:
    """An archive with these members after a harmless one."""
    archive = folder / "hostile.tar.gz"
    with gzip.open(archive, "wb") as raw:
        for name, change in [("harmless", a_file), *members]:
            member = tarfile.TarInfo(name)
            change(member)
            raw.write(member.tobuf(tarfile.PAX_FORMAT))
        raw.write(bytes(1024))
    return archive


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_and_nothing_of_it_kept(tmp_path: Path, name: str) -> None:
    archive = hostile(tmp_path, HOSTILE[name])
    with pytest.raises(UserError) as caught:
        unpack(archive, tmp_path / "run" / "model")
    (problem,) = caught.value.problems
    assert problem.field == "hostile.tar.gz"
    assert "who can write to the bucket" in problem.fix
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")}
    assert left == {"hostile.tar.gz", "run"}


def one_long_header(kind: bytes) -> Iterator[bytes]:
    """A header of 64 MiB."""
    header = tarfile.TarInfo("long")
    header.type, header.size = kind, 64 << 20
    yield header.tobuf(tarfile.USTAR_FORMAT)
    for _ in range(64):
        yield bytes(1 << 20)


def header_upon_header(kind: bytes) -> Iterator[bytes]:
    """Headers of 64 KiB, and no file."""
    header = tarfile.TarInfo("long")
    header.type, header.size = kind, 64 << 10
    for _ in range(1024):
        yield header.tobuf(tarfile.USTAR_FORMAT) + bytes(64 << 10)


def short_headers_upon_each_other(kind: bytes) -> Iterator[bytes]:
    """Headers without content, more than Python nests calls."""
    header = tarfile.TarInfo("short")
    header.type = kind
    yield header.tobuf(tarfile.USTAR_FORMAT) * 4096


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
@pytest.mark.parametrize(
    "content", [one_long_header, header_upon_header, short_headers_upon_each_other]
)
def test_an_archive_that_swells_is_refused_before_it_fills_the_memory(
    tmp_path: Path, kind: bytes, content: Callable[[bytes], Iterator[bytes]]
) -> None:
    archive = tmp_path / "bomb.tar.gz"
    with gzip.open(archive, "wb", compresslevel=1) as raw:
        for part in content(kind):
            raw.write(part)
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match="cannot be read"):
            unpack(archive, tmp_path / "out")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 48 << 20
    assert not (tmp_path / "out").exists()


def test_files_without_end_are_refused_and_a_large_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "HEADERS", 64 << 10)
    a_model(tmp_path / "large", ["one"])
    (tmp_path / "large/one").write_bytes(bytes(1 << 20))
    a_model(tmp_path / "many", [f"{number}" for number in range(200)])
    for name in ("large", "many"):
        pack(tmp_path / name, tmp_path / f"{name}.tar.gz")
    unpack(tmp_path / "large.tar.gz", tmp_path / "out")
    assert (tmp_path / "out/one").stat().st_size == 1 << 20
    with pytest.raises(UserError, match="headers have more than 65536 bytes"):
        unpack(tmp_path / "many.tar.gz", tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("cut", [0, 5, 40, -20])
def test_a_damaged_archive_is_refused(tmp_path: Path, cut: int) -> None:
    folder = a_model(tmp_path / "model", ["xgboost-model.ubj"])
    pack(folder, tmp_path / "model.tar.gz")
    content = (tmp_path / "model.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(content[:cut])
    with pytest.raises(UserError, match="cannot be read"):
        unpack(tmp_path / "cut.tar.gz", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@settings(deadline=None)  # the first example pays for the imports
@example(name="\x00\x80", kind=b"0")  # found by hypothesis: tarfile lets a ValueError through
@given(name=st.text(max_size=30), kind=st.sampled_from([b"0", b"1", b"2", b"3", b"5", b"6", b"7"]))
def test_no_name_and_no_kind_of_member_leads_out(
    tmp_path_factory: pytest.TempPathFactory, name: str, kind: bytes
) -> None:
    folder = tmp_path_factory.mktemp("random")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, name
        tar.addfile(member)
    (folder / "any.tar.gz").write_bytes(content.getvalue())
    try:
        unpack(folder / "any.tar.gz", folder / "out")
    except UserError:
        assert not (folder / "out").exists()
    assert {path.name for path in folder.iterdir()} <= {"any.tar.gz", "out"}
    assert not any(path.is_symlink() for path in folder.rglob("*"))
