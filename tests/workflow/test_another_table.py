"""Another table needs another dataset.yaml and model.yaml, and nothing else."""

import csv
import json
import random
from datetime import date, timedelta
from pathlib import Path

import pytest
from commands import rml

from regulated_ml.files import read_json
from regulated_ml.tracking.store import RunStore

DATASET = """
name: Churn
description: Customers of a telephone company
file: data/churn.parquet
missing_values: ["", "unknown"]
columns:
  - {name: customer, type: category, role: identifier, description: number of the customer}
  - {name: opened, type: date, role: ROLE, description: day of the contract}
  - name: region
    type: category
    role: feature
    description: region
    values: {north: the north, south: the south, "O'Higgins, \\"x\\"": a hostile name}
    reason: Where you live
  - {name: income, type: number, role: feature, description: income, unit: EUR, minimum: 0,
     required: false, monotone: -1, reason: Your income}
  - {name: calls, type: integer, role: feature, description: calls to the hotline, minimum: 0,
     reason: Calls to our hotline}
  - name: gender
    type: category
    role: protected
    description: gender
    values: {f: female, m: male}
  - name: churned
    type: category
    role: label
    description: left within a year
    values: {"no": stayed, "yes": left}
    positive: "yes"
"""
REGIONS = ("north", "south", 'O\'Higgins, "x"')
ROWS = 3000


def write_table(path: Path) -> None:
    """Customers whose churn depends on calls, income and region."""
    chance = random.Random(3)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["customer", "opened", "region", "income", "calls", "gender", "churned"])
        for number in range(ROWS):
            region, calls = chance.choice(REGIONS), chance.randrange(10)
            income = chance.uniform(1000, 9000)
            risk = 0.05 * calls + (0.2 if region == "south" else 0) - income / 40_000
            rows.writerow(
                [
                    f"C{number:05}",
                    date(2024, 1, 1) + timedelta(days=number // 5),
                    region,
                    chance.choice(["", "unknown"]) if chance.random() < 0.1 else f"{income:.2f}",
                    calls,
                    chance.choice("fm"),
                    "yes" if chance.random() < 0.15 + risk else "no",
                ]
            )


def configure(repository: Path, role: str, time_column: str) -> None:
    """Replaces dataset.yaml, and the split of model.yaml."""
    (repository / "config/dataset.yaml").write_text(DATASET.replace("ROLE", role))
    model = repository / "config/model.yaml"
    text = model.read_text()
    model.write_text(text.replace("time_column: null", f"time_column: {time_column}"))


@pytest.mark.parametrize(("role", "time_column"), [("ignored", "null"), ("time", "opened")])
def test_the_whole_workflow_runs_on_another_table(
    repository: Path, tmp_path: Path, role: str, time_column: str
) -> None:
    table = tmp_path / "churn.csv"
    write_table(table)
    configure(repository, role, time_column)
    result = rml(repository, "run", "--data", table)
    assert result.returncode == 0, result.stderr
    runs = {run.step: run for run in RunStore(repository / "runs").all()}
    assert runs["prepare"].data.state == "unverified"
    folder = repository / "runs" / runs["train"].id
    assert read_json(folder / "training.json")["features"] == ["region", "income", "calls"]
    auc = runs["evaluate"].metrics["auc"]
    assert isinstance(auc, float)
    assert 0.6 < auc < 0.8
    pages = {page.name: page.read_text() for page in (repository / "reports").glob("*.html")}
    assert set(pages) == {
        "index.html",
        "data.html",
        "model.html",
        "robustness.html",
        "fairness.html",
        "explanation.html",
    }
    assert all("UNVERIFIED DATA" in page for page in pages.values())


def test_a_table_that_breaks_its_schema_is_told_row_by_row(
    repository: Path, tmp_path: Path
) -> None:
    table = tmp_path / "churn.csv"
    write_table(table)
    lines = table.read_text().splitlines()
    lines[5] = lines[5].replace(lines[5].split(",")[0], "C00000")
    lines[7] = lines[7][: lines[7].rindex(",")] + ",perhaps"
    table.write_text("\n".join(lines) + "\n")
    configure(repository, "ignored", "null")
    result = rml(repository, "data", "check", table, "--json")
    assert result.returncode == 1
    violations = json.loads(result.stdout)["violations"]
    assert {item["column"] for item in violations} == {"customer", "churned"}


def test_a_table_that_breaks_its_schema_says_so_in_the_record(
    repository: Path, tmp_path: Path
) -> None:
    table = tmp_path / "churn.csv"
    write_table(table)
    text = table.read_text().replace(",south,", ",west,", 2)
    table.write_text(text)
    configure(repository, "ignored", "null")
    (run,) = json.loads(rml(repository, "prepare", "--data", table, "--json").stdout)["runs"]
    assert run["data"]["violations"] == 2
    assert any("in 2 places" in warning for warning in run["warnings"])
