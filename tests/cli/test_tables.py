"""Tables can be read on a narrow terminal: no column is starved by another."""

import pytest

from regulated_ml.cli import output

JOB = "credit-default-evaluate-20261124-123059-abcdef"
ROLE = "arn:aws:sts::111122223333:assumed-role/CreditDefault/somebody@example.com"
DAY, TIME = "2026-11-24", "12:30:59"
WHEN = f"{DAY} {TIME}"
# Title -> columns and a row, as long as the verb's cells become.
TABLES = {
    "jobs list": (
        ("job", "kind", "status", "started", "run"),
        (JOB, "processing", "InProgress", WHEN, "follow it to finish its run"),
    ),
    "runs list": (
        ("run", "started", "seconds", "commit", "data", "result"),
        (JOB[15:], WHEN, "123.4", "12345678+changes", "synthetic", "auc 0.7771, gini 0.55, ks 0.4"),
    ),
    "runs lineage": (
        ("step", "id", "started", "who", "commit", "files", "result"),
        ("evaluate", "f" * 40, WHEN, ROLE, "12345678+changes", "12 -> 14", "auc 0.77, gini 0.55"),
    ),
    "security doctor": (
        ("check", "result", "found", "fix"),
        ("every Python loads the guard", "FAILED", "/".join(["packages"] * 12), "run: make setup"),
    ),
    "security policies": (
        ("policy", "kind", "statements", "characters", "at most", "limit"),
        ("credit-default-dev-guardrails-1-of-3", "managed policy", 12, 5812, 6120, 6144),
    ),
    "security audit": (
        ("resource", "kind", "control", "field", "is"),
        (JOB, "training job", "RML-KMS-1 critical", "OutputDataConfig.KmsKeyId", ROLE),
    ),
}


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", TABLES)
def test_no_head_day_or_state_is_broken(
    name: str, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    columns, row = TABLES[name]
    output.print_table("", columns, [row])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    words = {word for line in lines for word in line.split()}
    assert {word for column in columns for word in column.split()} <= words
    assert {DAY, TIME, "InProgress", "FAILED", "synthetic"} & set(
        " ".join(map(str, row)).split()
    ) <= words


def test_the_name_of_a_job_stays_whole_where_there_is_room(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    columns, row = TABLES["jobs list"]
    output.print_table("", columns, [row])
    assert JOB in capsys.readouterr().out


@pytest.mark.parametrize(
    ("width", "heads", "name"),
    [
        (120, "run started seconds commit data result", JOB[15:]),
        (80, "run commit result", JOB[15:]),  # the whole id: it can be copied, and holds the time
        (40, "run commit result", "evaluate-…9-abcdef"),  # 18: 6 and 7 beside it, and three gaps
    ],
)
def test_a_list_gives_up_columns_before_it_breaks_a_name(
    width: int,
    heads: str,
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    columns, row = TABLES["runs list"]
    output.print_table("", columns, [row], spare=("started", "seconds", "data"))
    shown, _, below = capsys.readouterr().out.partition("No room for: ")
    assert shown.split("─")[0].split() == heads.split()
    assert name in shown.split()
    absent = [column for column in columns if column not in heads.split()]
    assert " ".join(below.split()).partition(" (")[0] == ", ".join(absent)
