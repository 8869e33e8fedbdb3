"""A version is made once, of runs that are whole, by one command at a time."""

import datetime
import json
import os
import subprocess
import sys

import pytest
import yaml
from commands import git, rml

from regulated_ml.errors import ExitStatus
from regulated_ml.files import sha256
from regulated_ml.tracking import trail

from .again import again, all_again, dirty, latest
from .conftest import Registry, refused

CONTROL = "RML-REG-1"


def test_a_version_names_its_runs_its_model_and_their_metrics(trained: Registry) -> None:
    version, fresh, package = trained.register()
    record = version.registered
    assert (version.name, version.status, fresh, package) == ("v1", "pending", True, None)
    runs = [trained.store.get(run) for run in record.parents]
    assert [run.step for run in runs] == ["prepare", "train", "evaluate", "explain"]
    archive = trained.store.folder_of(runs[1]) / "model.tar.gz"
    assert record.parameters["model_sha256"] == sha256(archive)
    assert record.metrics["auc_low"] == runs[2].metrics["auc_low"]
    assert record.metrics["largest_error"] == runs[3].metrics["largest_error"]
    assert record.identity.user == "dev"
    assert record.artifact("sbom.cdx.json")
    assert any("synthetic" in sentence for sentence in record.warnings)


def test_the_same_runs_make_one_version(trained: Registry) -> None:
    first, again = trained.register(), trained.register()
    assert again.version == first.version
    assert (first.fresh, again.fresh) == (True, False)


def test_a_record_that_a_kill_kept_from_its_place_is_no_reason_for_a_second(
    trained: Registry,
) -> None:
    record = trained.register().version.registered
    runs = trained.repository / "runs"
    # The trail has it, and the rename has not happened.
    (runs / record.id).rename(runs / ".incomplete" / record.id)
    again = trained.register()
    assert (again.version.registered.id, again.fresh) == (record.id, False)


def test_a_new_evaluation_makes_a_new_version_of_the_model(trained: Registry) -> None:
    trained.register()
    evaluate = again(trained.store, trained.store.get("evaluate"))
    second = trained.register().version
    assert second.name == "v2"
    assert evaluate.id in second.registered.parents


def test_a_validators_sample_is_no_evaluation_of_a_version(trained: Registry) -> None:
    evaluate = trained.store.get("evaluate")
    again(trained.store, evaluate, parameters={**evaluate.parameters, "own_sample": True})
    assert evaluate.id in trained.register().version.registered.parents


def test_two_commands_at_once_make_two_numbers_of_two_models(trained: Registry) -> None:
    runs = latest(trained.store)
    first, second = runs["train"].id, all_again(trained.store, runs)["train"].id
    commands = [
        subprocess.Popen(
            [sys.executable, "-m", "regulated_ml", "model", "register", "--run", run, "--json"],
            cwd=trained.repository,
            env={**os.environ, "PYTHONPATH": "src"},
            stdout=subprocess.PIPE,
            text=True,
        )
        for run in (first, second, first, second)
    ]
    said = [json.loads(command.communicate(timeout=120)[0]) for command in commands]
    assert [command.returncode for command in commands] == [0, 0, 0, 0]
    assert sorted(each["version"] for each in said) == ["v1", "v1", "v2", "v2"]
    assert sorted(each["fresh"] for each in said) == [False, False, True, True]
    assert not trail.verify(trained.store.trail, trained.store.records)


def test_a_model_without_an_evaluation_is_no_version(trained: Registry) -> None:
    again(trained.store, trained.store.get("train"))
    found = refused(trained.register)
    assert found.keys() == {"evaluate", "explain"}
    assert "the record is complete" in found["evaluate"]


def test_every_damaged_artefact_is_named(trained: Registry) -> None:
    train, explain = trained.store.get("train").id, trained.store.get("explain").id
    (trained.repository / "runs" / train / "training.json").write_text("{}")
    (trained.repository / "runs" / explain / "explanation/explanation.json").unlink()
    found = refused(trained.register)
    assert {f"runs/{train}", f"runs/{explain}"} <= found.keys()


def test_only_a_training_is_registered(trained: Registry) -> None:
    done = rml(trained.repository, "model", "register", "--run", "evaluate")
    assert done.returncode == ExitStatus.USAGE
    assert "a version is made of a run of train" in done.stderr


def test_an_unknown_run_is_named(trained: Registry) -> None:
    done = rml(trained.repository, "model", "register", "--run", "train-20990101")
    assert done.returncode == ExitStatus.DATA
    assert "train-20990101" in done.stderr


@pytest.fixture
def uncommitted(trained: Registry) -> Registry:
    """A model that was made from code that is in no commit."""
    runs = latest(trained.store)
    all_again(trained.store, runs, commit=dirty(runs["train"].commit))
    return trained


def except_from(registry: Registry, control: str, *names: str) -> None:
    content = {
        "exceptions": [
            {
                "control": control,
                "environment": "local",
                "names": list(names),
                "reason": "The change is a comment, and the deadline is today.",
                "requested_by": "dev@example.com",
                "agreed_by": "officer@example.com",
                "until": datetime.date.today() + datetime.timedelta(days=30),
            }
        ]
    }
    path = registry.repository / "config/exceptions.yaml"
    path.write_text(yaml.safe_dump(content))
    git(registry.repository, "commit", "--all", "--quiet", "--message", "An exception")


def test_a_model_of_uncommitted_code_is_no_version(uncommitted: Registry) -> None:
    ((field, rule),) = refused(uncommitted.register).items()  # of one state of the code
    runs = [uncommitted.store.get(step).id for step in ("prepare", "train", "evaluate", "explain")]
    assert field == f"runs/{', '.join(runs)}"
    assert f"({CONTROL}) when the runs were made" in rule
    assert "train.py" in rule


def test_an_exception_lets_it_through_and_stays_in_the_record(uncommitted: Registry) -> None:
    runs = [uncommitted.store.get(step).id for step in ("prepare", "train", "evaluate", "explain")]
    except_from(uncommitted, CONTROL, *runs)
    (exception,) = uncommitted.register().version.registered.parameters["exceptions"]
    assert exception["control"] == CONTROL
    assert exception["agreed_by"] == "officer@example.com"


def test_an_exception_for_other_runs_does_not(uncommitted: Registry) -> None:
    except_from(uncommitted, CONTROL, uncommitted.store.get("prepare").id)
    (field,) = refused(uncommitted.register)
    assert uncommitted.store.get("train").id in field
    assert uncommitted.store.get("prepare").id not in field
