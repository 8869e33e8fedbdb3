"""`rml data` as a person meets it: its words, its JSON and its exit statuses."""

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from commands import rml

from regulated_ml.data.state import sidecar

from .conftest import HEADER, LOANS, loan_lines
from .server import Answer, serving


@pytest.fixture
def loans_repository(repository: Path) -> Path:
    """A repository for the other table, without a profile."""
    (repository / "config/dataset.yaml").write_text(yaml.safe_dump(LOANS), encoding="utf-8")
    (repository / "config/dataset-profile.json").unlink()
    return repository


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A thousand loans."""
    path = tmp_path / "given.csv"
    path.write_text("\n".join([HEADER, *loan_lines(1000)]) + "\n", encoding="utf-8")
    return path


def test_on_the_first_day_there_is_a_twin_and_it_is_called_one(repository: Path) -> None:
    result = rml(repository, "data", "check")
    assert result.returncode == 0, result.stderr
    assert "a SYNTHETIC twin, not real data" in result.stdout
    assert "keeps the schema" in result.stdout
    content = json.loads(rml(repository, "data", "check", "--json").stdout)
    assert (content["state"], content["rows"], content["violations"]) == ("synthetic", 30_000, [])


def test_another_table_from_its_fetch_to_its_twin(loans_repository: Path, table: Path) -> None:
    repository = loans_repository
    result = rml(repository, "data", "check")
    assert result.returncode == 4
    assert "rml data" in result.stderr

    fetched = rml(repository, "data", "fetch", table)
    assert fetched.returncode == 0, fetched.stderr
    assert "UNVERIFIED" in fetched.stdout
    fingerprint = json.loads(rml(repository, "data", "fetch", table, "--json").stdout)[
        "fingerprint"
    ]
    assert fingerprint in " ".join(fetched.stderr.split())  # what to write into dataset.yaml

    assert rml(repository, "data", "check").returncode == 0
    content = json.loads(rml(repository, "data", "describe", "--json").stdout)
    assert (content["rows"], content["state"]) == (1000, "unverified")

    assert rml(repository, "data", "profile", table).returncode == 0
    drawn = rml(repository, "data", "twin", "--rows", "500", "--output", "drawn.parquet", "--json")
    assert json.loads(drawn.stdout)["state"] == "synthetic", drawn.stderr
    assert set(pd.read_parquet(repository / "drawn.parquet")["bad"]) == {"yes", "no"}
    assert rml(repository, "data", "check", "drawn.parquet").returncode == 0


def test_violations_are_listed_and_end_with_status_one(loans_repository: Path, table: Path) -> None:
    lines = table.read_text(encoding="utf-8").splitlines()
    for row in range(20, 40):
        cells = lines[row].split(",")
        cells[4] = "1000"
        lines[row] = ",".join(cells)
    table.write_text("\n".join(lines), encoding="utf-8")
    result = rml(loans_repository, "data", "check", table)
    assert result.returncode == 1
    assert "480 or less" in result.stdout
    assert "20, 21, 22" in result.stdout
    assert "29, ..." in result.stdout  # ten rows are printed, twenty are counted
    listed = rml(loans_repository, "data", "check", table, "--json")
    assert listed.returncode == 1
    (violation,) = json.loads(listed.stdout)["violations"]
    assert (violation["count"], violation["rows"]) == (20, list(range(20, 40)))


def test_the_description_is_a_table_and_says_what_the_rows_are(repository: Path) -> None:
    result = rml(repository, "data", "describe")
    assert result.returncode == 0, result.stderr
    assert "SYNTHETIC twin" in result.stderr
    for words in ("30,000 rows", "22.12%", "LIMIT_BAL", "PAY_0", "Closest pairs", "BILL_AMT2"):
        assert words in result.stdout


def test_a_twin_as_csv_is_pure_csv_with_its_mark_beside_it(repository: Path) -> None:
    result = rml(repository, "data", "twin", "--rows", "100", "--seed", "3", "--output", "t.csv")
    assert result.returncode == 0, result.stderr
    assert len(pd.read_csv(repository / "t.csv")) == 100
    assert json.loads(sidecar(repository / "t.csv").read_text())["synthetic"]["seed"] == 3


# Arguments, exit status, what is said.
MISTAKES = [
    (["check", "none.csv"], 4, "it is missing"),
    (["check", "config"], 4, "it is a folder"),
    (["check", "README.md"], 4, "a column of config/dataset.yaml is missing"),
    (["fetch", "README.md"], 4, "a column of config/dataset.yaml is missing"),
    (["describe", "README.md"], 4, "a column of config/dataset.yaml is missing"),
    (["profile", "README.md"], 4, "a column of config/dataset.yaml is missing"),
    (["twin", "--output", "t.txt"], 2, "Parquet or CSV"),
    (["twin", "--output", "t.csv", "--rows", "0"], 2, "--rows"),
    (["twin", "--output", "t.csv", "--profile", "none.json"], 4, "the profile of the table"),
    (["twin", "--output", "t.csv", "--profile", "README.md"], 4, "a profile in the format"),
    (
        ["twin", "--output", "data/default_of_credit_card_clients.parquet"],
        2,
        "never takes the place of the real table",
    ),
]


@pytest.mark.parametrize(("arguments", "status", "words"), MISTAKES)
def test_mistakes_are_told_without_a_traceback(
    sample: Path, tmp_path: Path, arguments: list[str], status: int, words: str
) -> None:
    result = rml(sample, "data", *arguments)
    assert result.returncode == status, result.stderr
    assert words in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert not (sample / "data").exists()


def test_the_real_table_is_fetched_over_http_once(repository: Path, real_table: Path) -> None:
    dataset = yaml.safe_load((repository / "config/dataset.yaml").read_text(encoding="utf-8"))
    with serving(real_table.read_bytes(), Answer(500), Answer(cut_after=1_000_000)) as server:
        dataset["source"]["addresses"] = [server.address]
        (repository / "config/dataset.yaml").write_text(yaml.safe_dump(dataset))
        result = rml(repository, "data", "fetch", no_proxy="127.0.0.1")
        assert result.returncode == 0, result.stderr
        assert "the real table" in result.stdout
        requests = len(server.requests)
        assert requests == 3
        assert rml(repository, "data", "fetch", no_proxy="127.0.0.1").returncode == 0
        assert len(server.requests) == requests  # it is there already
    assert json.loads(rml(repository, "data", "check", "--json").stdout)["state"] == "real"


def test_the_summary_of_each_verb_is_shown_whole(repository: Path) -> None:
    listed = rml(repository, "data", "--help").stdout.partition("Commands:")[2]
    lines = [line for line in listed.splitlines() if line.strip()]
    assert len(lines) == 5
    assert all(line.endswith(".") and not line.endswith("..") for line in lines)
