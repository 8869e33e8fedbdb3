"""The command line answers at once, speaks JSON on request, and never shows a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import TEMPLATE, rml

from regulated_ml.errors import ExitStatus

VERBS = [
    (),
    ("prepare",),
    ("train",),
    ("evaluate",),
    ("explain",),
    ("report",),
    ("run",),
    ("data", "fetch"),
    ("data", "check"),
    ("data", "describe"),
    ("data", "profile"),
    ("data", "twin"),
    ("jobs", "list"),
    ("jobs", "follow"),
    ("jobs", "stop"),
    ("runs", "list"),
    ("runs", "compare"),
    ("standard", "check"),
]
# What takes a noticeable part of a second to import.
HEAVY = {"numpy", "pandas", "pyarrow", "xgboost", "sklearn", "scipy", "matplotlib", "shap"}
HEAVY |= {"boto3", "botocore", "sagemaker"}


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_imports_nothing_heavy(verb: tuple[str, ...]) -> None:
    script = f"""
import sys
from regulated_ml.cli.app import main
sys.argv = ["rml", *{list(verb)!r}, "--help"]
try:
    main()
finally:
    print("HEAVY", *sorted({HEAVY!r} & set(sys.modules)))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    result = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert "Usage: rml" in result.stdout
    assert result.stdout.splitlines()[-1].split() == ["HEAVY"]


def test_the_version_is_that_of_the_standard(sample: Path) -> None:
    from regulated_ml import __version__

    assert rml(sample, "--version").stdout.strip() == __version__


def test_outside_of_a_repository_a_sentence_says_so(tmp_path: Path) -> None:
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    result = rml(tmp_path, "run", **environment)
    assert result.returncode == ExitStatus.CONFIGURATION
    assert "config/project.yaml" in result.stderr
    assert "Traceback" not in result.stderr


def test_mistakes_come_as_json_where_json_was_asked_for(repository: Path) -> None:
    (repository / "config/model.yaml").write_text("split: [")
    result = rml(repository, "run", "--json")
    answer = json.loads(result.stdout)
    assert answer["status"] == "configuration"
    assert answer["problems"][0]["field"].startswith("config/model.yaml: line")
    assert result.returncode == ExitStatus.CONFIGURATION


def test_control_characters_in_a_value_do_not_reach_the_terminal(repository: Path) -> None:
    (repository / "config/model.yaml").write_text('split: "\\e[31m\\u202e"\n')
    result = rml(repository, "run")
    assert "\x1b[31m" not in result.stderr
    assert "\u202e" not in result.stderr


def test_an_unknown_verb_and_option_are_usage_errors(sample: Path) -> None:
    assert rml(sample, "trian").returncode == ExitStatus.USAGE
    assert rml(sample, "train", "--fast").returncode == ExitStatus.USAGE


def test_an_environment_has_runs_of_its_own(finished: Path) -> None:
    result = rml(finished, "--env", "dev", "train")
    assert result.returncode == ExitStatus.DATA
    assert "rml --env dev prepare" in result.stderr


def test_the_docs_list_every_exit_status_and_no_other() -> None:
    text = (TEMPLATE / "docs/exit-statuses.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")]
    documented = {int(row[1]) for row in rows if row[1].strip().isdecimal()}
    assert documented == set(map(int, ExitStatus))


def test_runs_are_listed_and_compared(finished: Path) -> None:
    listed = json.loads(rml(finished, "runs", "list", "--json").stdout)
    assert [run["step"] for run in listed] == ["prepare", "train", "evaluate", "explain"]
    assert listed[0]["id"] in rml(finished, "runs", "list").stdout
    ids = [run["id"] for run in listed[:2]]
    compared = json.loads(rml(finished, "runs", "compare", *ids, "--json").stdout)
    assert {"what": "step", "values": ["prepare", "train"]} in compared["differences"]
    same = rml(finished, "runs", "compare", ids[0], ids[0])
    assert "do not differ" in same.stdout


def test_a_run_that_is_not_there_is_named(finished: Path) -> None:
    result = rml(finished, "runs", "compare", "train-9", "train")
    assert result.returncode == ExitStatus.DATA
    assert "train-9" in result.stderr
