"""config/ is read into one object, and every mistake in it is named at once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.settings import Dataset, find_root, load

Change = Callable[[str, str, str], Path]


@pytest.fixture
def change(repository: Path) -> Change:
    """Replaces text in a file of the repository; the text must be there."""

    def replace(file: str, old: str, new: str) -> Path:
        path = repository / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
        return repository

    return replace


def problems(root: Path, environment: str = "local") -> dict[str, str]:
    """Field -> rule of each mistake that loading finds."""
    with pytest.raises(UserError) as caught:
        load(root, environment)
    assert caught.value.status == ExitStatus.CONFIGURATION
    return {problem.field: problem.rule for problem in caught.value.problems}


def test_the_rendered_repository_loads(sample: Path, answers: dict[str, str]) -> None:
    settings = load(sample, "dev")
    assert settings.project.project_name == answers["project_name"]
    assert settings.platform is not None
    assert ",".join(settings.platform.subnet_ids) == answers["subnet_ids"].replace(" ", "")
    assert settings.dataset.label.name == "default payment next month"
    assert [column.name for column in settings.dataset.protected] == ["SEX", "MARRIAGE", "AGE"]
    assert len(settings.dataset.features) == 20
    assert settings.model.training.hyperparameters["max_depth"] == 5


@pytest.mark.parametrize("positive", [1, "1"])
def test_a_table_is_read_from_a_record_as_it_was_declared(sample: Path, positive: Any) -> None:
    # Codes of every kind; a label whose codes are texts keeps them as texts.
    mixed = {1: "one", -2: "minus", 0: "none", "A": "letter", "01": "text", "-0": "text"}
    label = {1: "yes", 0: "no"} if positive == 1 else {"1": "yes", "0": "no"}
    changes: dict[str, Any] = {
        "EDUCATION": {"values": mixed, "undocumented": {7: "?", "x": "?"}},
        "default payment next month": {"values": label, "positive": positive},
    }
    dataset = load(sample).dataset
    columns = [each.model_copy(update=changes.get(each.name, {})) for each in dataset.columns]
    declared = dataset.model_copy(update={"columns": tuple(columns)})
    recorded = json.loads(json.dumps(declared.model_dump(mode="json")))
    assert Dataset.of_json(recorded) == declared


def test_the_object_cannot_be_changed(sample: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(sample).model.training.rounds = 5  # type: ignore[misc]


def test_local_needs_no_environment_file(repository: Path) -> None:
    (repository / "config/environments/dev.yaml").unlink()
    assert load(repository).platform is None


def test_an_environment_that_is_not_there_is_answered_with_those_that_are(sample: Path) -> None:
    with pytest.raises(UserError) as caught:
        load(sample, "dve")
    (problem,) = caught.value.problems
    assert "local, dev" in problem.rule
    assert "dev" in problem.fix


def test_the_rules_of_generation_hold_in_the_files_too(change: Change) -> None:
    root = change("config/environments/dev.yaml", "vpc-", "subnet-")
    assert any("vpc_id" in field for field in problems(root, "dev"))


def test_all_mistakes_are_named_at_once(change: Change) -> None:
    change("config/model.yaml", "max_depth: 5", "max_depth: [5]")
    change("config/model.yaml", "rounds: 100\n", "round: 100\n")
    change("config/model.yaml", "threshold: 0.5 ", "threshold: 1.5 ")
    root = change("config/dataset.yaml", "\ncolumns:", "\ncolour: red\ncolumns:")
    found = problems(root)
    assert {
        "config/model.yaml: training.rounds",
        "config/model.yaml: training.round",
        "config/model.yaml: evaluation.threshold",
        "config/dataset.yaml: colour",
    } <= set(found)
    rule = found["config/model.yaml: training.hyperparameters.max_depth"]
    assert "number" in rule
    assert "string" in rule


def test_an_unknown_key_is_answered_with_the_nearest_known_one(change: Change) -> None:
    root = change("config/model.yaml", "  early_stopping_rounds:", "  early_stoping_rounds:")
    with pytest.raises(UserError) as caught:
        load(root)
    fixes = {problem.field: problem.fix for problem in caught.value.problems}
    fix = fixes["config/model.yaml: training.early_stoping_rounds"]
    assert fix == "did you mean early_stopping_rounds?"


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        ("a: [1", "config/model.yaml: line 2", "not YAML"),
        ("split: {}\nsplit: {}", "config/model.yaml: line 2, column 1", "written twice"),
        ("split: !!python/object/apply:os.system [date]", "config/model.yaml: line 1", "not YAML"),
        ("", "config/model.yaml", "dictionary"),
        ("- a", "config/model.yaml", "dictionary"),
        ("? [a, b]\n: 1", "config/model.yaml: line 1", "is no name"),
    ],
)
def test_a_broken_file_is_named_with_its_line(
    repository: Path, text: str, field: str, rule: str
) -> None:
    (repository / "config/model.yaml").write_text(text + "\n", encoding="utf-8")
    found = problems(repository)
    (match,) = [name for name in found if name.startswith(field)]
    assert rule in found[match]


def test_anchors_and_merges_of_yaml_are_understood(change: Change) -> None:
    merged = "costs: &weights\n    <<: {false_negative: 5}\n    false_positive: 1\n  unused:"
    root = change("config/model.yaml", "costs:   ", merged)
    assert set(problems(root)) == {"config/model.yaml: evaluation.unused"}


def test_a_missing_file_and_a_foreign_encoding_are_named(repository: Path) -> None:
    (repository / "config/model.yaml").unlink()
    (repository / "config/dataset.yaml").write_bytes("name: caf\u00e9".encode("latin-1"))
    found = problems(repository)
    assert found["config/model.yaml"] == "the file is missing"
    assert found["config/dataset.yaml"] == "not UTF-8"


LABEL = "role: label"
MISTAKES_BETWEEN_COLUMNS = [
    (LABEL, "role: ignored", "config/dataset.yaml: columns", "1 to 1 columns have the role label"),
    ("name: LIMIT_BAL", "name: AGE", "config/dataset.yaml: columns", "named twice"),
    ("positive: 1", "positive: 7", "default payment next month", "positive is one of"),
]


def test_a_word_that_yaml_takes_for_a_truth_value_is_not_taken_for_a_code(change: Change) -> None:
    root = change(
        "config/dataset.yaml", "values: {0: paid, 1: defaulted}", "values: {no: a, yes: b}"
    )
    with pytest.raises(UserError) as caught:
        load(root)
    fixes = [p.fix for p in caught.value.problems if ".values." in p.field]
    assert len(fixes) == 2
    assert all("quote yes, no" in fix for fix in fixes)


@pytest.mark.parametrize(("old", "new", "field", "rule"), MISTAKES_BETWEEN_COLUMNS)
def test_rules_between_columns(change: Change, old: str, new: str, field: str, rule: str) -> None:
    found = problems(change("config/dataset.yaml", old, new))
    assert any(field in name and rule in text for name, text in found.items())


def test_a_split_leaves_rows_for_training(change: Change) -> None:
    found = problems(change("config/model.yaml", "validation: 0.1", "validation: 0.8"))
    assert "leave rows for training" in found["config/model.yaml: split"]


def test_a_time_column_has_the_role_time(change: Change) -> None:
    found = problems(change("config/model.yaml", "time_column: null", "time_column: AGE"))
    assert "role time" in found["config/model.yaml: split.time_column"]


def test_the_repository_is_found_from_a_folder_inside(sample: Path, tmp_path: Path) -> None:
    assert find_root(sample / "src") == sample
    with pytest.raises(UserError, match=r"config/project\.yaml"):
        find_root(tmp_path)


def test_a_training_that_waits_shorter_than_it_runs_is_refused(change: Change) -> None:
    root = change("config/model.yaml", "max_wait_minutes: 120", "max_wait_minutes: 30")
    (rule,) = problems(root).values()
    assert "max_wait_minutes is at least max_runtime_minutes" in rule


def test_instances_have_defaults_and_their_form_is_checked(change: Change) -> None:
    root = change("config/model.yaml", "prepare: {type: ml.m5.xlarge,", "prepare: {type: m5,")
    assert set(problems(root)) == {"config/model.yaml: instances.prepare.type"}
    text = (root / "config/model.yaml").read_text()
    (root / "config/model.yaml").write_text(text.partition("\ninstances:")[0])
    instances = load(root).model.instances
    assert (instances.train.type, instances.train.spot) == ("ml.m5.xlarge", True)
    assert instances.of("sample") == instances.prepare
