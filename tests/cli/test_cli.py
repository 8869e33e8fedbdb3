"""The command line answers at once, speaks JSON on request, and never shows a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import TEMPLATE, rml

from regulated_ml.errors import ExitStatus

# What takes a noticeable part of a second to import; and rooms of the standard load such things.
HEAVY = {
    "numpy",
    "pandas",
    "pyarrow",
    "xgboost",
    "sklearn",
    "scipy",
    "matplotlib",
    "shap",
    "mlflow",
}
HEAVY |= {"boto3", "botocore", "sagemaker", "datasketches", "uvicorn", "jinja2", "yaml", "rich"}
LIGHT = {"cli", "errors", "identifiers"}  # of the standard
EVERY_HELP = f"""
import contextlib, io, json, sys
import typer
from regulated_ml.cli.app import app

def verbs(command, path=()):
    yield path
    for name, below in getattr(command, "commands", {{}}).items():
        yield from verbs(below, (*path, name))

told = {{}}
command = typer.main.get_command(app)
for path in verbs(command):
    with contextlib.redirect_stdout(io.StringIO()) as text:
        command.main([*path, "--help"], prog_name="rml", standalone_mode=False)
    loaded = {{name.split(".")[0] for name in sys.modules}} & {HEAVY!r}
    own = {{name for name in sys.modules if name.count(".") and name.startswith("regulated_ml.")}}
    loaded |= {{name for name in own if name.split(".")[1] not in {LIGHT!r}}}
    told[" ".join(path)] = [text.getvalue(), sorted(loaded)]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def helps() -> dict[str, tuple[str, list[str]]]:
    """The help of every verb, and what was imported for it that is heavy; one after the other."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", EVERY_HELP]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    told: dict[str, tuple[str, list[str]]] = json.loads(done.stdout)
    return told


def test_no_help_imports_anything_heavy(helps: dict[str, tuple[str, list[str]]]) -> None:
    assert {verb: loaded for verb, (_, loaded) in helps.items() if loaded} == {}
    assert {"", "run", "runs lineage", "model approve", "security policies"} <= helps.keys()


def test_an_argument_is_named_by_what_it_is(helps: dict[str, tuple[str, list[str]]]) -> None:
    usages = {
        verb: text.partition("[OPTIONS] ")[2].partition("\n")[0]
        for verb, (text, _) in helps.items()
    }
    assert [verb for verb, usage in usages.items() if "[[" in usage or "{[" in usage] == []
    named = {verb: usage.strip("[]{}.") for verb, usage in usages.items() if "COMMAND" not in usage}
    told = {noun: {named[v] for v in named if v.startswith(noun)} for noun in ("runs ", "model ")}
    assert told == {"runs ": {"RUN", ""}, "model ": {"VERSION", ""}}


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
