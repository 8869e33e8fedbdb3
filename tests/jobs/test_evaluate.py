"""The job that judges a model."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from regulated_ml.jobs import challenger, drawing, evaluate
from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.drawing import draw
from regulated_ml.jobs.features import Feature, Layout
from regulated_ml.jobs.matrices import Block, SampleFile

from .clients import DATASET
from .conftest import Here
from .opt_ml import OptMl

PARAMETERS = {
    "threshold": 0.4,
    "costs": {"false_positive": 1, "false_negative": 5},
    "score_bands": 5,
    "confidence": 0.9,
    "seed": 3,
    "sample": "test",
    "columns": [column for column in DATASET["columns"] if column["role"] in ("protected", "time")],
    "fairness": {"smallest_group": 100, "bands": {}},
}
OUTPUTS = (
    "evaluation.json",
    "fairness.json",
    "stability.json",
    "sensitivity.json",
    "scores.parquet",
)


def channels(prepared: Path, trained: Path, **instead: Path) -> dict[str, Path]:
    """The inputs of the job."""
    usual = {
        "model/model.tar.gz": trained / "model.tar.gz",
        "train": prepared / "train",
        "test": prepared / "test",
    }
    return {**usual, **instead}


@pytest.fixture
def outputs(here: Here, prepared: Path, trained: Path) -> Path:
    """The output `evaluation` on the test rows."""
    return here(evaluate.main, channels(prepared, trained), PARAMETERS) / "evaluation"


def test_the_scores_are_those_of_the_metrics(outputs: Path) -> None:
    found = json.loads((outputs / "evaluation.json").read_text())
    scores = pd.read_parquet(outputs / "scores.parquet")
    assert list(scores) == ["row", "label", "score"]
    assert scores["row"].tolist() == list(range(1, 601))
    assert found["auc"]["value"] == pytest.approx(roc_auc_score(scores["label"], scores["score"]))
    assert found["auc"]["confidence"] == 0.9
    assert found["gini"] == pytest.approx(2 * found["auc"]["value"] - 1)
    assert (found["rows"], found["positives"]) == (600, scores["label"].sum())
    assert (found["sample"], found["chosen_threshold"], len(found["bands"])) == ("test", 0.4, 5)


def test_the_model_beats_its_challenger_on_rows_that_are_not_linear(outputs: Path) -> None:
    found = json.loads((outputs / "evaluation.json").read_text())
    rival = found["challenger"]
    assert rival["name"] == "logistic regression"
    assert 0.7 < rival["auc"]["value"] < 1
    difference = found["auc"]["value"] - rival["auc"]["value"]
    assert rival["auc_difference"]["value"] == pytest.approx(difference)
    assert set(rival) - {"name", "auc_difference"} == {
        "auc", "gini", "ks", "average_precision", "brier", "log_loss",
    }  # fmt: skip


def test_rows_in_several_pieces_are_judged_as_in_one(
    here: Here, prepared: Path, trained: Path, tmp_path: Path, outputs: Path
) -> None:
    pieces = Path(shutil.copytree(prepared / "test", tmp_path / "pieces"))
    table = pd.read_parquet(pieces / "features.parquet")
    table.to_parquet(pieces / "features.parquet", row_group_size=70)
    again = here(evaluate.main, channels(prepared, trained, test=pieces), PARAMETERS) / "evaluation"
    for name in OUTPUTS:
        assert (again / name).read_bytes() == (outputs / name).read_bytes()


def test_another_processor_finds_the_same_figures(
    opt_ml: Callable[[str], OptMl],
    prepared: Path,
    trained: Path,
    outputs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # An old processor's kernels of linear algebra, and NumPy without vectors.
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Prescott")
    monkeypatch.setenv("NPY_DISABLE_CPU_FEATURES", "AVX2 FMA3 AVX512F AVX512_SKX")
    job = opt_ml("old")
    ran = job.processing("regulated_ml.jobs.evaluate", channels(prepared, trained), PARAMETERS)
    assert ran.returncode == 0, ran.stderr
    for name in OUTPUTS:
        assert (job.output("evaluation") / name).read_bytes() == (outputs / name).read_bytes()


def test_another_sample_is_named(here: Here, prepared: Path, trained: Path) -> None:
    inputs = channels(prepared, trained, test=prepared / "validation")
    folder = here(evaluate.main, inputs, {**PARAMETERS, "sample": "branch.csv"}) / "evaluation"
    found = json.loads((folder / "evaluation.json").read_text())
    assert (found["sample"], found["rows"]) == ("branch.csv", 300)


def test_whose_rows_they_are_is_told_and_not_read_off_the_name(
    here: Here, prepared: Path, trained: Path
) -> None:
    inputs = channels(prepared, trained)
    for given, told in (({}, False), ({"own_sample": False}, False), ({"own_sample": True}, True)):
        folder = here(evaluate.main, inputs, {**PARAMETERS, **given}) / "evaluation"
        found = json.loads((folder / "evaluation.json").read_text())
        assert (found["sample"], found["own_sample"]) == ("test", told)


def test_a_sample_of_a_few_rows_is_judged_as_far_as_it_goes(
    here: Here, prepared: Path, trained: Path, tmp_path: Path
) -> None:
    few = Path(shutil.copytree(prepared / "test", tmp_path / "few"))
    for name in ("features.parquet", "measurements.parquet"):
        pd.read_parquet(few / name).head(12).to_parquet(few / name)
    folder = here(evaluate.main, channels(prepared, trained, test=few), PARAMETERS) / "evaluation"
    found = {name: json.loads((folder / name).read_text()) for name in OUTPUTS[:-1]}
    assert not any(found["fairness.json"]["summary"].values())
    assert found["stability.json"]["segments"] == []
    assert found["stability.json"]["test_rows"] == found["sensitivity.json"]["rows"] == 12


def test_without_protected_columns_and_times_nothing_is_compared(
    here: Here, prepared: Path, trained: Path, tmp_path: Path
) -> None:
    alone = Path(shutil.copytree(prepared / "test", tmp_path / "alone"))
    (alone / "measurements.parquet").unlink()
    folder = here(
        evaluate.main, channels(prepared, trained, test=alone), {**PARAMETERS, "columns": []}
    )
    found = json.loads((folder / "evaluation/fairness.json").read_text())
    assert found["attributes"] == found["proxies"] == []
    stability = json.loads((folder / "evaluation/stability.json").read_text())
    assert stability["periods"] == []


def test_a_sample_with_one_label_cannot_be_judged(
    here: Here, prepared: Path, trained: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(prepared / "test", tmp_path / "other"))
    table = pd.read_parquet(other / "features.parquet")
    table.assign(paid=[1] + [0] * 599).to_parquet(other / "features.parquet")
    with pytest.raises(JobError, match="the sample has 1 positive rows among 600"):
        here(evaluate.main, channels(prepared, trained, test=other), PARAMETERS)


def test_rows_with_codes_in_another_order_are_refused(
    here: Here, prepared: Path, trained: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(prepared / "test", tmp_path / "other"))
    path = other / "features.json"
    path.write_text(path.read_text().replace("north", "x").replace("south", "north"))
    with pytest.raises(JobError, match="the codes of region are x, north, islands, abroad in test"):
        here(evaluate.main, channels(prepared, trained, test=other), PARAMETERS)


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        (None, "model.tar.gz cannot be read"),
        ({}, "holds 0 files on top"),
        ({"a.ubj": b"", "b.ubj": b""}, "holds 2 files on top, not one model"),
        ({"a.ubj": b"{}"}, "a.ubj is no model of XGBoost"),
        ({"../a.ubj": b"{}"}, "model.tar.gz cannot be read"),
    ],
)
def test_an_archive_without_one_model_is_refused(
    here: Here, prepared: Path, tmp_path: Path, members: Any, sentence: str
) -> None:
    path = tmp_path / "model.tar.gz"
    if members is None:
        path.write_bytes(b"\x1f\x8bno")
    else:
        with tarfile.open(path, "w:gz") as tar:
            for name, content in members.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    with pytest.raises(JobError, match=sentence):
        here(evaluate.main, channels(prepared, tmp_path), PARAMETERS)


def test_the_challenger_takes_missing_values_and_new_codes(prepared: Path) -> None:
    layout = Layout.read(prepared / "train")
    model = challenger.fit(layout, draw(SampleFile(prepared / "train", layout), seed=0).block)
    odd = np.array([[np.nan, np.nan, np.nan], [1, 2000, 99]], np.float32)
    scores = challenger.scores(model, Block(odd, np.zeros(2, np.float32)))
    assert np.isfinite(scores).all()


def test_groups_stay_with_their_rows_where_only_some_are_drawn(
    here: Here, prepared: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "MOST_ROWS", 400)
    folder = here(evaluate.main, channels(prepared, trained), PARAMETERS) / "evaluation"
    found = json.loads((folder / "fairness.json").read_text())
    assert found["rows"] == 600
    assert sum(group["rows"] for group in found["attributes"][0]["groups"]) == 600
    stability = json.loads((folder / "stability.json").read_text())
    assert (stability["train_rows"], stability["test_rows"]) == (400, 400)


def test_no_more_rows_are_drawn_than_needed(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = SampleFile(prepared / "train", Layout.read(prepared / "train"))
    monkeypatch.setattr(drawing, "MOST_ROWS", 500)
    few, same, other = (draw(sample, seed) for seed in (0, 0, 1))
    assert len(few.rows) == len(few.block.labels) == 500
    assert np.array_equal(few.rows, same.rows)
    assert not np.array_equal(few.rows, other.rows)
    everything = sample.block(0)
    assert np.array_equal(few.block.labels, everything.labels[few.rows])
    assert np.array_equal(few.block.values, everything.values[few.rows], equal_nan=True)


def test_the_challenger_knows_categories_from_numbers(tmp_path: Path) -> None:
    # Of the codes 0, 1 and 2 only 1 is positive: no line through the codes tells that.
    codes = np.arange(300) % 3
    Layout("y", (Feature("code", "category"),)).write(tmp_path)
    frame = pd.DataFrame({"y": (codes == 1).astype("int8"), "code": codes.astype("float32")})
    frame.to_parquet(tmp_path / "features.parquet")
    sample = SampleFile(tmp_path, Layout.read(tmp_path))
    model = challenger.fit(sample.layout, sample.block(0))
    scores = challenger.scores(model, sample.block(0))
    assert roc_auc_score(frame["y"], scores) == 1
