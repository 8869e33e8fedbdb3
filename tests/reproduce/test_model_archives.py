"""What a model's archive may hold, found out without extracting or loading any of it."""

import io
import os
import pickle
import tarfile
from pathlib import Path

import pytest

from regulated_ml.platforms.archive import mistake_in_model, pack


class Hostile:
    """Loading its pickle ends the process."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (13,)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


MISTAKES = {
    "a way out": (member("../evil"), b"", "leads out"),
    "an absolute path": (member("/etc/evil"), b"", "leads out"),
    "a symbolic link": (member("model", tarfile.SYMTYPE, "/etc/passwd"), b"", "a link or a device"),
    "a hard link": (member("model", tarfile.LNKTYPE, "/etc/passwd"), b"", "a link or a device"),
    "a device": (member("model", tarfile.CHRTYPE), b"", "a link or a device"),
    "a pickle by its name": (member("code/model.PKL"), b"text", "a pickle"),
    "a pickle by its bytes": (member("xgboost-model"), pickle.dumps(Hostile()), "a pickle"),
    "an early pickle": (member("model"), pickle.dumps(Hostile(), protocol=2), "a pickle"),
}


@pytest.mark.parametrize("case", MISTAKES.values(), ids=MISTAKES)
def test_what_is_wrong_with_an_archive_is_said(
    tmp_path: Path, case: tuple[tarfile.TarInfo, bytes, str]
) -> None:
    made, content, expected = case
    path = tmp_path / "folder/model.tar.gz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(member("first"))
        made.size = len(content)
        tar.addfile(made, io.BytesIO(content))
    said = mistake_in_model(path)
    assert expected in said
    assert made.name in said
    assert [*path.parent.iterdir()] == [path]


def test_an_archive_of_ours_and_the_twos_of_json_are_no_mistake(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "metadata").mkdir(parents=True)
    (folder / "xgboost-model.ubj").write_bytes(b"{L\x00\x00")
    (folder / "metadata/features.json").write_text("{}")
    (folder / "empty").touch()
    pack(folder, tmp_path / "model.tar.gz")
    assert mistake_in_model(tmp_path / "model.tar.gz") == ""


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00"])
def test_a_damaged_archive_is_said_to_be_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(content)
    assert "cannot be read" in mistake_in_model(path)
