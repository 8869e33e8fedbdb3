"""What a training is told, and what is wrong with it."""

import warnings
from typing import Any

import numpy as np
import pytest
import xgboost

from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.hyperparameters import ALIASES, XGBOOST, check

GOOD = {"rounds": 10, "seed": 1}


def test_ours_and_xgboosts_are_told_apart() -> None:
    found = check(
        {**GOOD, "threads": 2, "eta": 0.1, "max_depth": 3, "objective": "binary:logistic"}
    )
    assert (found.rounds, found.seed, found.threads) == (10, 1, 2)
    assert found.booster == {"eta": 0.1, "max_depth": 3, "objective": "binary:logistic"}


def test_second_names_mean_the_same() -> None:
    assert check({**GOOD, "learning_rate": 0.1}).booster == {"eta": 0.1}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"eta": 0}, "eta is a number above 0 to 1, not 0"),
        ({"eta": "fast"}, "eta is a number above 0 to 1, not 'fast'"),
        ({"eta": float("nan")}, "eta is a number above 0 to 1, not nan"),
        ({"max_depth": 5.5}, "max_depth is a whole number from 0 to 64, not 5.5"),
        ({"max_depth": True}, "max_depth is a whole number from 0 to 64, not True"),
        ({"gamma": -1}, "gamma is a number from 0, not -1"),
        ({"base_score": 1}, "base_score is a number above 0 to below 1, not 1"),
        ({"gamma": float("inf")}, "gamma is a number from 0, not inf"),
        ({"rounds": 0}, "rounds is a whole number from 1 to 100000, not 0"),
        ({"max_dep": 5}, "max_dep is no hyperparameter of this training; did you mean max_depth?"),
        ({"objective": "reg:squarederror"}, "objective is binary:logistic, not 'reg:squarederror'"),
        ({"nthread": 2}, "nthread is set by `threads`"),
        ({"eta": 0.1, "learning_rate": 0.1}, "learning_rate and eta are the same hyperparameter"),
    ],
)  # fmt: skip
def test_a_wrong_hyperparameter_is_named(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(JobError) as error:
        check({**GOOD, **given})
    assert str(error.value) == sentence


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(JobError) as error:
        check({"rounds": -1, "depth": 3})
    assert str(error.value).count(";") == 3
    for name in ("seed is missing", "rounds is", "depth is no hyperparameter"):
        assert name in str(error.value)


def example(name: str) -> Any:
    """A value that the rule allows."""
    rule = XGBOOST[name]
    if rule.choices:
        return rule.choices[0]
    return 0.5 if rule.below else rule.kind(min(max(rule.low, 1), rule.high))


@pytest.mark.parametrize("name", [*XGBOOST, *ALIASES])
def test_xgboost_knows_every_name_that_we_do(name: str) -> None:
    value = example(ALIASES.get(name, name))
    rows = xgboost.DMatrix(np.random.default_rng(0).random((50, 2)), np.arange(50) % 2)
    parameters = {"tree_method": "hist", "objective": "binary:logistic", name: value}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # XGBoost warns of parameters that it does not use
        xgboost.train({**parameters, "validate_parameters": True}, rows, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("eta", -0.1), ("gamma", -1), ("max_depth", -1), ("subsample", 1.5)],
)
def test_what_we_refuse_xgboost_refuses_too(name: str, value: float) -> None:
    rows = xgboost.DMatrix(np.random.default_rng(0).random((50, 2)), np.arange(50) % 2)
    with pytest.raises(xgboost.core.XGBoostError):
        xgboost.train({"tree_method": "hist", name: value}, rows, 1)
    with pytest.raises(JobError):
        check({**GOOD, name: value})


def test_few_rows_are_trained_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regulated_ml.jobs.contract.cores", lambda: 4)
    found = check(GOOD)
    assert [found.workers(rows) for rows in (1, 49_999, 50_000, 120_000, 10**7)] == [1, 1, 2, 3, 4]
    assert check({**GOOD, "threads": 3}).workers(1) == 3
