"""The job that explains scores."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost

from regulated_ml.jobs import explain, samples, shown
from regulated_ml.jobs.columns import Columns
from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.contributions import Explained, Picked, Statistics
from regulated_ml.jobs.features import raw_features

from .clients import COLUMNS, DATASET, FEATURES, clients
from .conftest import Here, Team, archive

PARAMETERS = {
    "sample": 200,
    "top_features": 2,
    "clients": [7, 2],
    "reason_codes": 4,
    "threshold": 0.5,
    "seed": 3,
    "confidence": 0.95,
    "fairness": {"smallest_group": 100, "bands": {}},
    "columns": DATASET["columns"],
}


def channels(prepared: Path, trained: Path) -> dict[str, Path]:
    """The inputs of the job."""
    return {"model/model.tar.gz": trained / "model.tar.gz", "test": prepared / "test"}


class Output:
    """What the job wrote."""

    def __init__(self, folder: Path) -> None:
        self.json = json.loads((folder / "explanation/explanation.json").read_text())
        self.contributions = pd.read_parquet(folder / "explanation/contributions.parquet")
        self.reasons = pd.read_parquet(folder / "explanation/reasons.parquet")


@pytest.fixture
def output(here: Here, prepared: Path, trained: Path) -> Output:
    """The outputs for the test rows."""
    return Output(here(explain.main, channels(prepared, trained), PARAMETERS))


def test_contributions_are_those_of_shap(output: Output, prepared: Path, trained: Path) -> None:
    booster = xgboost.Booster(model_file=trained / "model/xgboost-model.ubj")
    values = pd.read_parquet(prepared / "test/features.parquet")[FEATURES].to_numpy(np.float32)
    # In the lock for Python 3.12 and later only: for 3.11 it brings numba and LLVM along.
    shap = pytest.importorskip("shap")
    expected = shap.TreeExplainer(booster)(values)
    found = output.contributions
    assert found[FEATURES].to_numpy() == pytest.approx(expected.values, abs=1e-5)
    assert found["bias"].to_numpy() == pytest.approx(expected.base_values, abs=1e-5)


def test_contributions_add_up_to_the_score_of_every_row(output: Output) -> None:
    found = output.contributions
    assert found["row"].tolist() == list(range(1, 601))
    margin = found[["bias", *FEATURES]].to_numpy(float).sum(axis=1)
    assert 1 / (1 + np.exp(-margin)) == pytest.approx(found["score"].to_numpy(), abs=1e-5)
    told = output.json["additivity"]
    assert told["rows_checked"] == 600
    largest = np.abs(margin - found["margin"]).max()
    assert 0 < told["largest_error"] < told["tolerance"] == 1e-4
    assert told["largest_error"] == pytest.approx(largest, abs=1e-6)


def test_importance_is_over_all_rows(output: Output) -> None:
    found = output.contributions[FEATURES]
    features = output.json["features"]
    sizes = [feature["mean_absolute"] for feature in features]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(feature["share"] for feature in features) == pytest.approx(1)
    for feature in features:
        assert feature["mean_absolute"] == pytest.approx(found[feature["name"]].abs().mean())
        assert feature["mean"] == pytest.approx(found[feature["name"]].mean(), abs=1e-7)
        assert feature["gain"] > 0
    assert {f["name"]: f["direction"] for f in features} == {
        "status": "raises", "limit": "lowers", "region": "mixed",
    }  # fmt: skip
    assert features[0]["description"] == "months late"


def test_the_beeswarm_shows_rows_of_the_sample(output: Output, prepared: Path) -> None:
    swarm = output.json["beeswarm"]
    assert (swarm["sample"], swarm["features"]) == (200, FEATURES)
    values = pd.read_parquet(prepared / "test/features.parquet")[FEATURES].to_numpy(float)
    known = {tuple(row) for row in np.nan_to_num(values, nan=-99).tolist()}
    drawn = [tuple(-99.0 if v is None else v for v in row) for row in swarm["values"]]
    assert set(drawn) <= known
    pushes = np.array(swarm["contributions"])
    assert pushes.shape == (200, 3)
    first = output.json["features"][0]["name"]
    place = FEATURES.index(first)
    assert output.json["dependence"][first]["values"] == [row[place] for row in swarm["values"]]
    assert len(output.json["dependence"]) == 2


def test_clients_are_shown_in_the_order_asked_for(output: Output, prepared: Path) -> None:
    seventh, second = output.json["clients"]
    assert (seventh["row"], second["row"]) == (7, 2)
    values = pd.read_parquet(prepared / "test/features.parquet").iloc[1]
    shown = {push["feature"]: push["value"] for push in second["contributions"]}
    assert shown["status"] == values["status"]
    codes = ["north", "south", "islands", "abroad"]
    missing = np.isnan(values["region"])
    assert shown["region"] == (None if missing else codes[int(values["region"])])
    pushes = [abs(push["contribution"]) for push in second["contributions"]]
    assert pushes == sorted(pushes, reverse=True)
    row = output.contributions.iloc[1]
    total = second["base_value"] + sum(p["contribution"] for p in second["contributions"])
    assert total == pytest.approx(row["margin"], abs=1e-5)
    assert second["decision"] == ("declined" if row["score"] >= 0.5 else "accepted")


def test_every_declined_client_is_told_reasons(output: Output) -> None:
    found, told = output.contributions, output.reasons
    declined = found[found["score"] >= 0.5]
    assert told["row"].tolist() == declined["row"].tolist()
    assert output.json["declined"] == len(declined) > 20
    words = {column.name: column.reason for column in COLUMNS}
    for (_, pushes), (_, reason) in zip(declined.iterrows(), told.iterrows(), strict=True):
        expected = pushes[FEATURES][pushes[FEATURES] > 0].sort_values(ascending=False)
        names = [reason[f"feature_{n}"] for n in range(1, 5)]
        assert [name for name in names if isinstance(name, str)] == expected.index.tolist()
        assert [reason[f"reason_{n}"] for n in range(1, len(expected) + 1)] == [
            words[name] for name in expected.index
        ]
        assert reason["contribution_1"] == pytest.approx(expected.iloc[0])
    frequency = output.json["reason_frequency"]
    counts = {row["text"]: row["clients"] for row in frequency}
    texts = told[[f"reason_{n}" for n in range(1, 5)]].stack()
    assert counts == texts.value_counts().to_dict()
    assert frequency[0]["share"] == frequency[0]["clients"] / len(declined)


def test_shown_clients_are_told_the_same_reasons(here: Here, prepared: Path, trained: Path) -> None:
    rows = list(range(1, 601))
    found = Output(here(explain.main, channels(prepared, trained), {**PARAMETERS, "clients": rows}))
    told = found.reasons.set_index("row")
    for client in found.json["clients"]:
        names = [reason["feature"] for reason in client["reasons"]]
        if client["decision"] == "accepted":
            assert names == []
        else:
            row = told.loc[client["row"]]
            assert names == [row[f"feature_{n}"] for n in range(1, len(names) + 1)]


@pytest.mark.parametrize("role_today", ["protected", "feature"])
def test_a_protected_attribute_that_is_trained_on_is_still_not_told(
    here: Here, team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role_today: str
) -> None:
    table = clients(2000)
    # Age alone decides, so that it would be everybody's first reason.
    table["paid"] = np.where(table["age"] > 60, "no", "yes")
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    labels = (table["paid"] == "no").to_numpy("int8")
    whole = samples.Table(table, labels, COLUMNS)

    def build(clients: pd.DataFrame, columns: Columns) -> pd.DataFrame:
        return raw_features(clients, columns).assign(age=clients["age"])

    split = {"validation": 0.1, "test": 0.2, "seed": 1}
    samples.write(whole, build, samples.split(whole, split))
    prepared = tmp_path / "processing/output"
    for name in ("train", "validation"):
        monkeypatch.setenv(f"SM_CHANNEL_{name.upper()}", str(prepared / name))
    monkeypatch.setenv("SM_HPS", '{"rounds": 30, "seed": 1}')
    team("train").main()
    columns = [dict(column) for column in DATASET["columns"]]
    columns[4] |= {"role": role_today, "reason": "Your age"}
    found = Output(
        here(
            explain.main,
            channels(prepared, archive(tmp_path / "model")),
            {**PARAMETERS, "clients": list(range(1, 401)), "columns": columns},
        )
    )
    assert found.json["features"][0]["name"] == "age"
    everything_told = json.dumps(
        [found.json["reason_frequency"], [client["reasons"] for client in found.json["clients"]]]
    )
    assert '"age"' not in everything_told
    assert "Your age" not in everything_told
    assert not found.reasons.isin(["age", "Your age"]).any(axis=None)
    assert found.json["withheld_reasons"] == [{"feature": "age", "clients": found.json["declined"]}]


def test_words_are_those_of_today(here: Here, prepared: Path, trained: Path) -> None:
    columns = [dict(column) for column in DATASET["columns"]]
    columns[1]["reason"] = "You were late"
    columns[2]["role"] = "protected"
    found = Output(
        here(explain.main, channels(prepared, trained), {**PARAMETERS, "columns": columns})
    )
    texts = {row["text"] for row in found.json["reason_frequency"]}
    assert texts == {"You were late", "Where you live"}


def test_rows_in_several_pieces_are_explained_as_in_one(
    here: Here, prepared: Path, trained: Path, tmp_path: Path, output: Output
) -> None:
    pieces = Path(shutil.copytree(prepared, tmp_path / "pieces"))
    path = pieces / "test/features.parquet"
    pd.read_parquet(path).to_parquet(path, row_group_size=70)
    again = Output(here(explain.main, channels(pieces, trained), PARAMETERS))
    pd.testing.assert_frame_equal(again.contributions, output.contributions)
    pd.testing.assert_frame_equal(again.reasons, output.reasons)
    assert again.json["features"] == [
        {key: pytest.approx(value) if isinstance(value, float) else value
         for key, value in feature.items()}
        for feature in output.json["features"]
    ]  # fmt: skip
    for key in ("beeswarm", "clients", "reason_frequency", "declined"):
        assert again.json[key] == output.json[key]


def test_where_nobody_is_declined_there_are_no_reasons(
    here: Here, prepared: Path, trained: Path
) -> None:
    parameters = {**PARAMETERS, "threshold": 0.9999, "clients": []}
    found = Output(here(explain.main, channels(prepared, trained), parameters))
    assert (found.json["declined"], found.json["reason_frequency"]) == (0, [])
    assert len(found.reasons) == 0
    scores = found.contributions["score"]
    assert [client["row"] for client in found.json["clients"]] == [
        scores.idxmax() + 1, scores.idxmin() + 1,
    ]  # fmt: skip
    assert all(client["decision"] == "accepted" for client in found.json["clients"])


def test_where_no_clients_are_named_those_worth_a_look_are_shown(
    here: Here, prepared: Path, trained: Path
) -> None:
    found = Output(here(explain.main, channels(prepared, trained), {**PARAMETERS, "clients": []}))
    highest, last, lowest = found.json["clients"]
    scores = found.contributions["score"]
    assert (highest["score"], lowest["score"]) == pytest.approx((scores.max(), scores.min()))
    assert last["score"] == pytest.approx(scores[scores >= 0.5].min())
    assert [client["decision"] for client in (highest, last, lowest)] == [
        "declined", "declined", "accepted",
    ]  # fmt: skip
    assert highest["reasons"]


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.2, 0.9, 0.5, 0.1, 0.6], [1, 2, 3]),  # a score at the threshold is declined
        ([0.2, 0.9, 0.1], [1, 2]),  # who has the highest is the only one declined
        ([0.2, 0.4, 0.1], [1, 2]),  # nobody is declined
        ([0.9, 0.6], [0, 1]),  # everybody is
        ([0.3, 0.3], [0]),
    ],
)
def test_clients_worth_a_look_are_each_shown_once(scores: list[float], expected: list[int]) -> None:
    assert shown.noteworthy(np.array(scores, np.float32), 0.5) == expected


def test_identifiers_are_told_only_where_asked_for(
    here: Here, prepared: Path, trained: Path
) -> None:
    known = pd.read_parquet(prepared / "test/measurements.parquet")["client"]
    for asked, told in (({}, False), ({"show_identifiers": False}, False),
                        ({"show_identifiers": True}, True)):  # fmt: skip
        found = Output(here(explain.main, channels(prepared, trained), {**PARAMETERS, **asked}))
        assert [client.get("identifier") for client in found.json["clients"]] == (
            [known[6], known[1]] if told else [None, None]
        )


def test_identifiers_may_be_texts_missing_or_not_there_at_all(tmp_path: Path) -> None:
    table = pd.DataFrame({"client": ["a", None, "c"]})
    table.to_parquet(tmp_path / "measurements.parquet")
    assert shown.identifiers(tmp_path, COLUMNS, [2, 0, 1]) == {2: "c", 0: "a"}
    assert shown.identifiers(tmp_path, Columns(COLUMNS[1:]), [2]) == {}
    table.rename(columns={"client": "x"}).to_parquet(tmp_path / "measurements.parquet")
    with pytest.raises(JobError, match=r"measurements.parquet cannot be read"):
        shown.identifiers(tmp_path, COLUMNS, [2])


def test_a_client_who_is_not_there_is_named(here: Here, prepared: Path, trained: Path) -> None:
    with pytest.raises(JobError, match=r"clients names row 601, 9999, but the sample has 600 rows"):
        here(explain.main, channels(prepared, trained), {**PARAMETERS, "clients": [1, 601, 9999]})


@pytest.mark.parametrize("error", [1.1e-4, -2.0, np.nan, np.inf])
def test_contributions_that_do_not_add_up_are_refused(error: float) -> None:
    pushes = np.full((5, 2), 0.25, np.float32)
    margins = np.full(5, 0.5)
    margins[3] += error
    part = Explained(pushes, np.full(5, 0.6), margins, pushes, np.zeros(5))
    statistics = Statistics(2)
    statistics.add(part.take(np.arange(3)))
    with pytest.raises(JobError, match="the contributions of row 4 miss its margin by"):
        statistics.add(part.take(np.array([3, 4])))


def test_statistics_of_parts_are_those_of_the_whole() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(500, 3)).astype(np.float32)
    values[rng.random(values.shape) < 0.1] = np.nan
    pushes = (np.nan_to_num(values) * [1, -1, 0] + rng.normal(size=(500, 3))).astype(np.float32)
    margins = pushes.sum(1, dtype=float)
    whole = Explained(values, margins, margins, pushes, np.zeros(500))
    statistics = Statistics(3)
    for rows in np.array_split(np.arange(500), 7):
        statistics.add(whole.take(rows))
    assert statistics.mean_absolute == pytest.approx(np.abs(pushes).mean(0), rel=1e-5)
    assert statistics.mean == pytest.approx(pushes.mean(0), abs=1e-6)
    assert statistics.directions() == ["raises", "lowers", "mixed"]


def test_rows_are_picked_by_position_across_parts() -> None:
    column: Any = np.arange(10.0)
    whole = Explained(column[:, None], column, column, column[:, None], column)
    picked = Picked(np.array([8, 0, 4, 4]))
    for first, last in ((0, 4), (4, 5), (5, 10)):
        picked.add(whole.take(np.arange(first, last)), first)
    assert picked.collected().scores.tolist() == picked.rows.tolist() == [0, 4, 8]


def test_reasons_by_group_are_those_of_the_rows(
    here: Here, prepared: Path, trained: Path, tmp_path: Path
) -> None:
    bands = {"smallest_group": 50, "bands": {"age": [45]}}
    folder = here(explain.main, channels(prepared, trained), {**PARAMETERS, "fairness": bands})
    found = Output(folder)
    ages = pd.read_parquet(prepared / "test/measurements.parquet")["age"]
    told = found.reasons.filter(like="reason_").notna().any(axis=1).sum()
    (age,) = found.json["reasons_by_group"]
    shares = {}
    for group, young in zip(age["groups"], (True, False), strict=True):
        rows = found.reasons[(ages[found.reasons["row"] - 1] < 45).to_numpy() == young]
        assert group["declined"] == len(rows)
        texts = rows.filter(regex="^reason_")
        for reason in group["reasons"]:
            expected = texts.eq(reason["text"]).any(axis=1).mean()
            assert reason["value"] == pytest.approx(expected)
            shares.setdefault(reason["text"], []).append(expected)
    assert told == sum(group["declined"] for group in age["groups"]) == found.json["declined"]
    assert set(shares) == {entry["text"] for entry in found.json["reason_frequency"]}
    pieces = Path(shutil.copytree(prepared / "test", tmp_path / "pieces"))
    table = pd.read_parquet(pieces / "features.parquet")
    table.to_parquet(pieces / "features.parquet", row_group_size=70)
    inputs = {**channels(prepared, trained), "test": pieces}
    again = Output(here(explain.main, inputs, {**PARAMETERS, "fairness": bands}))
    assert again.json["reasons_by_group"] == found.json["reasons_by_group"]
    gap = age["gaps"][0]
    assert gap["value"] == pytest.approx(max(abs(a - b) for a, b in shares.values()))
    assert [group["name"] for group in age["groups"]] == ["44 and under", "45 and over"]
