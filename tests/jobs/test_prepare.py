"""From one table to the rows that are trained on, watched and tested."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from regulated_ml.jobs import samples
from regulated_ml.jobs.columns import Columns
from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.features import Feature, described, raw_features
from regulated_ml.jobs.split import split_rows

from .clients import COLUMNS, DATASET, FEATURES, clients
from .conftest import ROWS, Here, Team
from .opt_ml import SPLIT

PARTS = ("train", "validation", "test")
Prepare = Callable[..., Path]


@pytest.fixture
def prepare(tmp_path: Path, team: Team, here: Here) -> Prepare:
    """Runs the team's `prepare` on a table in this process; gives the folder of its outputs."""

    def run(table: pd.DataFrame, split: object = SPLIT) -> Path:
        path = tmp_path / "table.parquet"
        table.to_parquet(path)
        parameters = {"dataset": DATASET, "split": split}
        return here(team("prepare").main, {"data/table.parquet": path}, parameters)

    return run


def features(folder: Path) -> pd.DataFrame:
    """The features.parquet of a sample."""
    return pd.read_parquet(folder / "features.parquet")


def test_each_part_has_the_rows_of_the_split_in_the_tables_order(prepared: Path) -> None:
    table = clients(ROWS)
    labels = (table["paid"] == "no").to_numpy()
    split = split_rows(labels, validation=0.1, test=0.2, seed=42)
    for name, rows in split._asdict().items():
        assert features(prepared / name)["paid"].tolist() == labels[rows].tolist()
        measured = pd.read_parquet(prepared / name / "measurements.parquet")
        assert measured.to_dict("list") == table.iloc[rows][["client", "age", "opened"]].to_dict(
            "list"
        )


def test_the_label_comes_first_then_the_features(prepared: Path) -> None:
    schema = pq.read_schema(prepared / "train/features.parquet")
    assert schema.names == ["paid", *FEATURES]
    assert [str(kind) for kind in schema.types] == ["int8", "float", "float", "float"]


def test_categories_of_texts_are_the_places_of_their_codes(prepared: Path) -> None:
    places = features(prepared / "train")["region"]
    codes = ["north", "south", "islands", "abroad"]
    rows = pd.read_parquet(prepared / "train/measurements.parquet")["client"] - 1
    texts = clients(ROWS)["region"].iloc[rows].reset_index(drop=True)
    assert places.map(dict(enumerate(codes))).fillna("").tolist() == texts.fillna("").tolist()
    assert places.isna().any()


def test_features_json_tells_order_and_meaning(prepared: Path) -> None:
    content = json.loads((prepared / "test/features.json").read_text())
    assert content["label"] == "paid"
    status, _, region = content["features"]
    assert status == {
        "name": "status", "type": "integer", "monotone": 1, "description": "months late",
        "reason": "A payment was late", "protected": False, "codes": [],
    }  # fmt: skip
    assert region["codes"] == ["north", "south", "islands", "abroad"]


def test_the_csv_is_what_the_container_reads(prepared: Path) -> None:
    for name in PARTS:
        text = (prepared / f"csv/{name}.csv").read_text()
        assert ",," in text  # a blank cell is a missing value
        assert "nan" not in text
        rows = pd.read_csv(io.StringIO(text), header=None).to_numpy(np.float32)
        assert np.array_equal(rows, features(prepared / name).to_numpy(np.float32), equal_nan=True)


def test_the_summary_counts_rows_and_says_why_columns_are_left_out(prepared: Path) -> None:
    summary = json.loads((prepared / "summary/summary.json").read_text())
    assert {name: part["rows"] for name, part in summary["splits"].items()} == {
        "train": 2100, "validation": 300, "test": 600,
    }  # fmt: skip
    rate = (clients(ROWS)["paid"] == "no").mean()
    assert all(abs(part["label_rate"] - rate) < 0.005 for part in summary["splits"].values())
    reasons = {entry["column"]: entry["reason"] for entry in summary["left_out"]}
    assert list(reasons) == ["client", "age", "opened", "note"]
    assert reasons["age"] == "measured, not learnt from"
    assert summary["missing"]["limit"] == clients(ROWS)["limit"].isna().sum()


def test_codes_that_nobody_declared_become_missing_and_are_counted(prepare: Prepare) -> None:
    table = clients(500)
    table.loc[[3, 5], "region"] = "the moon"
    summary = json.loads((prepare(table) / "summary/summary.json").read_text())
    assert summary["unknown_codes"] == {"region": 2}


def test_the_same_table_gives_the_same_bytes(prepare: Prepare) -> None:
    one, other = prepare(clients(500)), prepare(clients(500))
    files = [path.relative_to(one) for path in one.rglob("*") if path.is_file()]
    assert len(files) == 13
    assert {path: (one / path).read_bytes() for path in files} == {
        path: (other / path).read_bytes() for path in files
    }


def test_a_sample_is_all_test(prepare: Prepare) -> None:
    outputs = prepare(clients(100), {"sample": True})
    assert len(features(outputs / "test")) == 100
    assert not (outputs / "train").exists()


def test_rows_are_divided_by_time_when_asked(prepare: Prepare) -> None:
    table = clients(500).sample(frac=1, random_state=0)
    outputs = prepare(table, {**SPLIT, "time_column": "opened"})
    latest = pd.read_parquet(outputs / "test/measurements.parquet")["client"]
    # In the unshuffled table the dates rise with the client's number.
    assert set(latest) == set(range(501 - len(latest), 501))
    assert abs(len(latest) - 100) < 5


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("paid", None, "1 rows have no label (paid)"),
        ("limit", np.inf, "limit is infinite in 1 rows"),
        ("opened", None, "1 rows have no time, so they cannot be divided by it"),
    ],
)
def test_a_table_that_cannot_be_learnt_from_is_refused(
    prepare: Prepare, column: str, value: object, sentence: str
) -> None:
    table = clients(100)
    table.loc[7, column] = value
    with pytest.raises(JobError) as error:
        prepare(table, {**SPLIT, "time_column": "opened"})
    assert str(error.value) == sentence


def test_features_are_built_and_checked_when_rows_are_prepared(
    prepare: Prepare, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = raw_features

    def write(change: Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]) -> None:
        monkeypatch.setattr(team("prepare"), "build_features", lambda c, k: change(build(c, k), c))
        prepare(clients(300))

    with pytest.raises(JobError, match="build_features gives rows in another order"):
        write(lambda features, _: features.sort_values("status"))
    with pytest.raises(JobError, match="status depends on the protected attribute age"):
        write(lambda features, table: features.assign(status=table["age"] // 10))


def test_rows_are_told_apart_where_the_index_of_the_file_does_not(
    prepare: Prepare, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = clients(200).set_axis(np.zeros(200, "int64"), axis="index")
    assert len(features(prepare(table) / "train")) == 140
    monkeypatch.setattr(
        team("prepare"), "build_features", lambda c, k: raw_features(c, k).sort_values("limit")
    )
    with pytest.raises(JobError, match="rows in another order"):
        prepare(table)


def test_labels_that_are_not_declared_are_refused_with_their_counts(prepare: Prepare) -> None:
    table = clients(100)
    table.loc[[3, 5, 8], "paid"] = "7"
    table.loc[9, "paid"] = "YES"
    with pytest.raises(JobError) as error:
        prepare(table)
    assert str(error.value) == (
        "the label paid is 7 in 3 rows, YES in 1 rows, but dataset.yaml declares only yes and no: "
        "correct the rows, or leave them out"
    )


@pytest.mark.parametrize("kind", ["int64", "float64", "str"])
def test_labels_are_read_as_codes_whatever_type_holds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    folder = tmp_path / "processing/input/data"
    folder.mkdir(parents=True)
    pd.DataFrame({"bad": np.array([0, 1, 1], kind)}).to_parquet(folder / "table.parquet")
    label = {"name": "bad", "type": "category", "role": "label", "positive": 1}
    column = {**label, "values": {"0": "paid", "1": "defaulted"}}
    assert samples.read_table({"columns": [column]}).labels.tolist() == [0, 1, 1]


def test_a_table_without_a_column_is_refused(prepare: Prepare) -> None:
    with pytest.raises(JobError, match="the table has no column limit, age"):
        prepare(clients(100).drop(columns=["limit", "age"]))


def test_a_feature_of_the_teams_own_needs_a_description() -> None:
    table = clients(10)
    built = raw_features(table, COLUMNS)
    built["late"] = built["status"] > 0
    with pytest.raises(JobError, match="late: a feature that is no column of the table"):
        described(built, table, COLUMNS, ())
    own = Feature("late", monotone=1, description="is late", reason="You are late")
    assert described(built, table, COLUMNS, (own,))[-1] == own


def test_a_feature_that_is_no_number_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    table = clients(100)

    def build(clients: pd.DataFrame, columns: Columns) -> pd.DataFrame:
        return raw_features(clients, columns).assign(note=clients["note"], client=np.inf)

    whole = samples.Table(table, np.zeros(100, "int8"), COLUMNS)
    with pytest.raises(JobError) as error:
        samples.write(whole, build, samples.split(whole, {"sample": True}))
    assert str(error.value) == (
        "note holds values that are no numbers; client is infinite in 100 rows"
    )


def test_numeric_codes_stay_as_they_are() -> None:
    table = clients(50)
    table["region"] = np.arange(50) % 3
    assert raw_features(table, COLUMNS)["region"].tolist() == table["region"].tolist()
