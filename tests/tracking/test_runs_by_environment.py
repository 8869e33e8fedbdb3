"""What `rml runs` shows is the environment's own, and in no form anybody else's."""

import csv
import io
import json
from pathlib import Path

import pytest
from commands import rml

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.tracking.store import RunStore


@pytest.mark.parametrize(
    "verb", [("lineage",), ("show", "train"), ("lineage", "train")], ids=" ".join
)
def test_a_model_of_local_is_none_of_dev(small: Path, verb: tuple[str, ...]) -> None:
    done = rml(small, "--env", "dev", "runs", *verb)
    assert (done.returncode, done.stdout) == (ExitStatus.DATA, "")
    assert "no run in dev has this id, and no step this name" in done.stderr


def test_an_id_of_another_environment_is_said_to_be_there(small: Path) -> None:
    path = next((small / "runs").glob("explain-*/record.json"))
    path.write_text(json.dumps({**json.loads(path.read_text()), "environment": "dev"}))
    with pytest.raises(UserError) as caught:
        RunStore(small / "runs", "local").get(path.parent.name)
    (problem,) = caught.value.problems
    assert problem.fix == "`rml --env dev runs list` shows the runs"
    assert RunStore(small / "runs", "dev").get(path.parent.name).environment == "dev"
    assert RunStore(small / "runs").get(path.parent.name)  # of any: a comparison


@pytest.mark.parametrize("verb", [("list",), ("show", "train"), ("lineage",)], ids=" ".join)
def test_an_environment_that_is_not_there_is_refused(small: Path, verb: tuple[str, ...]) -> None:
    done = rml(small, "runs", *verb, RML_ENV="nonsense")
    assert done.returncode == ExitStatus.CONFIGURATION
    assert "the repository has the environments local, dev" in done.stderr


def test_without_runs_the_command_for_the_environment_is_named(sample: Path) -> None:
    assert "`rml --env dev run`" in rml(sample, "--env", "dev", "runs", "list").stdout
    assert "`rml run`" in rml(sample, "runs", "list").stdout


def test_cells_of_the_csv_are_json_and_parents_are_ids(small: Path) -> None:
    done = rml(small, "runs", "lineage", "--format", "csv")
    rows = {row["step"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert set(rows["evaluate"]["parents"].split()) == {rows["prepare"]["id"], rows["train"]["id"]}
    record = json.loads((small / "runs" / rows["train"]["id"] / "record.json").read_text())
    for name in ("parameters", "metrics"):
        assert json.loads(rows["train"][name]) == record[name]
    assert "model.tar.gz" in json.loads(rows["train"]["outputs"])
    assert json.loads(rows["train"]["inputs"])
