"""Two tables: the one that the template comes with, and a small one with everything it lacks."""

import random
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import yaml

from regulated_ml.settings import Column, Dataset, Settings, load

ROOT = Path(__file__).parents[2] / "{{cookiecutter.project_slug}}"

# Texts, missing values, decimals, a time and a column that nobody uses.
LOANS = {
    "name": "loans",
    "description": "Loans of a bank",
    "file": "data/loans.parquet",
    "profile": "config/dataset-profile.json",
    "missing_values": ["", "NA"],
    "columns": [
        {"name": "loan", "type": "category", "role": "identifier", "description": "number"},
        {"name": "granted", "type": "date", "role": "time", "description": "day of the contract"},
        {"name": "amount", "type": "number", "role": "feature", "description": "amount",
         "minimum": 0, "maximum": 1e6, "required": False},
        {"name": "grade", "type": "category", "role": "feature", "description": "grade",
         "values": {"A": "good", "B": "fair", "C": "weak"}, "undocumented": {"X": "unknown"}},
        {"name": "term", "type": "integer", "role": "feature", "description": "term",
         "unit": "months", "minimum": 1, "maximum": 480},
        {"name": "note", "type": "category", "role": "ignored", "description": "a note"},
        {"name": "region", "type": "category", "role": "protected", "description": "region",
         "required": False},
        {"name": "bad", "type": "category", "role": "label", "description": "defaulted",
         "values": {"yes": "defaulted", "no": "repaid"}, "positive": "yes"},
    ],
}  # fmt: skip
HEADER = "loan,granted,amount,grade,term,note,region,bad"


@pytest.fixture(scope="session")
def credit() -> Dataset:
    """The table that the template comes with."""
    text = (ROOT / "config/dataset.yaml").read_text(encoding="utf-8")
    return Dataset.model_validate(yaml.safe_load(text))


@pytest.fixture(scope="session")
def loans() -> Dataset:
    """The other table."""
    return Dataset.model_validate(LOANS)


@pytest.fixture
def settings(sample: Path, tmp_path: Path) -> Settings:
    """The settings of the sample, in a folder of the test's own."""
    found = load(sample)
    return found.model_copy(update={"root": tmp_path})


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes lines of a CSV file of loans and gives its path."""

    def write(lines: Iterable[str], header: str = HEADER, name: str = "loans.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


def loan_lines(rows: int, seed: int = 1) -> list[str]:
    """Lines of loans whose label depends on grade and amount."""
    chance = random.Random(seed)
    lines = []
    for number in range(1, rows + 1):
        grade = chance.choices("ABCX", (50, 30, 19, 1))[0]
        amount = round(chance.lognormvariate(9, 0.8), 2)
        risk = {"A": 0.05, "B": 0.2, "C": 0.5, "X": 0.3}[grade] + (amount > 15_000) * 0.2
        cells = (
            f"L{number:06}",
            f"2025-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
            "NA" if chance.random() < 0.1 else f"{min(amount, 1e6)}",
            grade,
            str(chance.choice((12, 24, 36, 60))),
            "x",
            chance.choices(("north", "south", "Zürich", ""), (40, 40, 15, 5))[0],
            "yes" if chance.random() < risk else "no",
        )
        lines.append(",".join(cells))
    return lines


def column(dataset: Dataset, name: str, **changes: object) -> Dataset:
    """The dataset with one column changed."""
    changed: list[Column] = [
        each.model_copy(update=changes) if each.name == name else each for each in dataset.columns
    ]
    return dataset.model_copy(update={"columns": tuple(changed)})
