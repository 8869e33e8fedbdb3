"""model.tar.gz has the same bytes whenever, wherever and by whomever it is packed."""

import os
import tarfile
from pathlib import Path

from regulated_ml.files import sha256
from regulated_ml.platforms.archive import pack


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
