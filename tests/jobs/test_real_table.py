"""From the real table to the figures that are known of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from regulated_ml.jobs import evaluate, explain

from .conftest import Here, Team, archive

STANDARD_ERROR = 0.008  # of the AUC on 6,000 rows


@pytest.fixture(scope="session")
def configuration(sample: Path) -> dict[str, Any]:
    """dataset.yaml and model.yaml of a rendered repository, as plain content."""
    return {
        name: yaml.safe_load((sample / f"config/{name}.yaml").read_text(encoding="utf-8"))
        for name in ("dataset", "model")
    }


def test_the_model_of_the_workshop_reaches_its_figures(
    here: Here,
    team: Team,
    configuration: dict[str, Any],
    real_table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset, model = json.loads(json.dumps([configuration["dataset"], configuration["model"]]))
    path = tmp_path / "table.parquet"
    pd.read_csv(real_table).to_parquet(path)
    prepared = here(
        team("prepare").main,
        {"data/table.parquet": path},
        {"dataset": dataset, "split": model["split"]},
    )
    assert len(pd.read_parquet(prepared / "test/features.parquet")) == 6000

    for name in ("train", "validation"):
        monkeypatch.setenv(f"SM_CHANNEL_{name.upper()}", str(prepared / name))
    training = {**model["training"].pop("hyperparameters"), **model["training"]}
    monkeypatch.setenv("SM_HPS", json.dumps(training))
    team("train").main()
    channels = {
        "model/model.tar.gz": archive(prepared.parents[1] / "model") / "model.tar.gz",
        "train": prepared / "train",
        "test": prepared / "test",
    }
    shared = {"seed": 42, "columns": dataset["columns"], "fairness": model["fairness"]}
    folder = here(evaluate.main, channels, {**model["evaluation"], **shared, "sample": "test"})
    found = json.loads((folder / "evaluation/evaluation.json").read_text())
    assert found["auc"]["value"] == pytest.approx(0.775, abs=STANDARD_ERROR)
    assert found["auc"]["high"] - found["auc"]["low"] == pytest.approx(4 * 0.0075, rel=0.05)
    assert found["ks"]["value"] == pytest.approx(0.42, abs=0.02)
    assert found["brier"] == pytest.approx(0.136, abs=0.002)
    assert found["challenger"]["auc_difference"]["low"] > 0.03

    # What docs/fairness.md says of the table.
    fairness = json.loads((folder / "evaluation/fairness.json").read_text())["summary"]
    lowest, told = fairness["selection_ratio_lowest"], fairness["proxy_auc_largest"]
    assert (lowest["group"], lowest["reference"]) == ("25 and under", "26 to 35")
    assert lowest["value"] == pytest.approx(0.894, abs=0.02)
    assert 0.8 < lowest["low"] < lowest["high"] < 1
    assert (told["attribute"], told["group"]) == ("AGE", "25 and under")
    assert told["value"] == pytest.approx(0.784, abs=0.02)

    level = {"threshold": 0.5, "confidence": model["evaluation"]["confidence"]}
    folder = here(explain.main, channels, {**model["explanation"], **shared, **level})
    found = json.loads((folder / "explanation/explanation.json").read_text())
    assert found["features"][0]["name"] == "PAY_0"  # the latest payment status matters most
    assert found["additivity"]["largest_error"] < 1e-5
    assert found["reason_frequency"][0]["feature"] == "PAY_0"
    reasons = pd.read_parquet(folder / "explanation/reasons.parquet")
    assert len(reasons) == found["declined"]
    assert reasons["reason_4"].notna().mean() > 0.99
    assert not np.isin(reasons.filter(like="feature_"), ["SEX", "MARRIAGE", "AGE"]).any()
