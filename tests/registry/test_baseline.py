"""A version has its baseline from the moment when it is registered."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from commands import rml

from regulated_ml.errors import ExitStatus
from regulated_ml.files import sha256
from regulated_ml.workflow import baselining

from .conftest import Registry, refused


@pytest.fixture
def registered(trained: Registry) -> Registry:
    """A version that has just been registered."""
    trained.register()
    return trained


def test_the_baseline_is_that_of_the_rows_that_the_model_was_trained_on(
    registered: Registry,
) -> None:
    record = registered.version.registered
    folder = registered.store.folder_of(record) / "baseline"
    assert {path.name for path in folder.iterdir()} == {
        "baseline.json",
        "constraints.json",
        "statistics.json",
    }
    assert registered.store.damage(record) == []
    found = baselining.of_version(registered.store, registered.version)
    prepare = registered.store.folder_of(record.parents[0])
    assert (found.name, found.model_sha256) == ("v1", record.parameters["model_sha256"])
    assert found.features_sha256 == sha256(prepare / "train/features.parquet")
    rows = pd.read_parquet(prepare / "train/features.parquet")
    label = json.loads((prepare / "train/features.json").read_text())["label"]
    assert [column.name for column in found.columns] == [n for n in rows if n != label]
    assert found.rows == len(rows)
    for column in found.columns:
        values = rows[column.name].astype(float)
        if column.kind == "number":
            assert (column.minimum, column.maximum) == (values.min(), values.max())
            assert column.mean == pytest.approx(values.mean())
        else:
            counts = values.astype(int).astype(str).value_counts()
            assert column.counts == counts.to_dict()
    education = next(e for e in found.constraints().features if e.name == "EDUCATION")
    assert education.string_constraints is not None
    # Those of dataset.yaml, though no row of the training may have a rare one.
    assert education.string_constraints.domains == ("0", "1", "2", "3", "4", "5", "6")


def test_the_command_shows_a_baseline_and_writes_its_files(
    registered: Registry, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    done = rml(registered.repository, "monitor", "baseline", "v1", "--output", folder)
    assert done.returncode == 0, done.stderr
    assert "EDUCATION" in done.stdout and "at 99 % confidence" in done.stdout
    own = registered.store.folder_of(registered.version.registered) / "baseline"
    for path in own.iterdir():
        assert (folder / path.name).read_bytes() == path.read_bytes()
    unknown = rml(registered.repository, "monitor", "baseline", "v7")
    assert unknown.returncode == ExitStatus.DATA
    assert "the registered versions are v1" in unknown.stderr


def test_a_baseline_that_was_changed_is_refused(registered: Registry) -> None:
    record = registered.version.registered
    path = registered.store.folder_of(record) / "baseline/baseline.json"
    path.write_text(path.read_text().replace('"version": 1', '"version": 2'))
    problems = refused(lambda: baselining.of_version(registered.store, registered.version))
    assert "baseline/baseline.json" in path.as_posix()
    assert "its bytes are not those of the run's record" in problems[f"runs/{record.id}"]


def test_a_version_from_before_there_were_baselines_gets_the_same_one(registered: Registry) -> None:
    version = registered.version
    expected = baselining.of_version(registered.store, version)
    record = version.registered
    older = record.model_copy(
        update={"artifacts": tuple(a for a in record.artifacts if "baseline/" not in a.path)}
    )
    found = baselining.of_version(registered.store, version._replace(registered=older))
    # Sketches draw by chance which values they keep; all that is exact is the same.
    assert found.model_dump(exclude={"columns": {"__all__": {"sketch"}}}) == expected.model_dump(
        exclude={"columns": {"__all__": {"sketch"}}}
    )
    shutil.rmtree(registered.store.folder_of(record.parents[0]) / "train")
    problems = refused(
        lambda: baselining.of_version(registered.store, version._replace(registered=older))
    )
    assert "the artefact is missing" in problems[f"runs/{record.parents[0]}"]
