"""The hyperparameters of a training: their names, their ranges, and what is wrong with given ones.

XGBoost itself only warns of a name that it does not know, and takes some values that make no model.
Names, meanings and ranges: xgboost.readthedocs.io, "XGBoost Parameters", version 3.2.
"""

import difflib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from regulated_ml.jobs import contract
from regulated_ml.jobs.contract import JobError


class Rule(NamedTuple):
    """What a hyperparameter may be: a number between two bounds, or one of some texts."""

    kind: type
    low: float = 0
    high: float = math.inf
    above: bool = False  # the value is above `low`, not equal to it
    below: bool = False  # the value is below `high`, not equal to it
    choices: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The rule as a reader sees it."""
        if self.choices:
            return " or ".join(self.choices)
        name = "a whole number" if self.kind is int else "a number"
        least = f" {'above' if self.above else 'from'} {self.low:g}"
        most = f" {'to below' if self.below else 'to'} {self.high:g}"
        return name + least + (most if self.high < math.inf else "")

    def allows(self, value: Any) -> bool:
        """Whether `value` follows the rule."""
        if self.choices:
            return value in self.choices
        numbers = int if self.kind is int else (int, float)
        if isinstance(value, bool) or not isinstance(value, numbers) or not math.isfinite(value):
            return False
        if (self.above and value == self.low) or (self.below and value == self.high):
            return False
        return self.low <= value <= self.high


SHARE = Rule(float, 0, 1, above=True)
POSITIVE = Rule(float, 0)

ROWS_A_THREAD = 50_000

# Ours: how long, with what seed, on how many threads. The model's bytes depend on the first three.
OURS = {
    "rounds": Rule(int, 1, 100_000),
    "early_stopping_rounds": Rule(int, 1),
    "seed": Rule(int, 0, 2**31 - 1),
    "threads": Rule(int, 1),
    "external_memory_rows": Rule(int, 1),
}

# XGBoost's, as far as they go with a histogram booster of trees for a probability.
XGBOOST = {
    "objective": Rule(str, choices=("binary:logistic",)),
    "eval_metric": Rule(str, choices=("logloss", "auc", "aucpr", "error", "rmse")),
    "base_score": Rule(float, 0, 1, above=True, below=True),  # XGBoost takes 1, and learns nothing
    "eta": SHARE,
    "gamma": POSITIVE,
    "max_depth": Rule(int, 0, 64),
    "max_leaves": Rule(int, 0),
    "max_bin": Rule(int, 2, 65_535),
    "grow_policy": Rule(str, choices=("depthwise", "lossguide")),
    "min_child_weight": POSITIVE,
    "max_delta_step": POSITIVE,
    "subsample": SHARE,
    "colsample_bytree": SHARE,
    "colsample_bylevel": SHARE,
    "colsample_bynode": SHARE,
    "lambda": POSITIVE,
    "alpha": POSITIVE,
    "scale_pos_weight": Rule(float, 0, above=True),
    "num_parallel_tree": Rule(int, 1, 1000),
    "max_cached_hist_node": Rule(int, 1),
}
# Second names that XGBoost knows too.
ALIASES = {
    "learning_rate": "eta",
    "min_split_loss": "gamma",
    "reg_lambda": "lambda",
    "reg_alpha": "alpha",
}
# Known to XGBoost, and decided elsewhere.
ELSEWHERE = {
    "monotone_constraints": "is set by `monotone` of a column in dataset.yaml",
    "nthread": "is set by `threads`",
    "num_round": "is set by `rounds`",
    "tree_method": "is always hist, so that a stopped training can go on to the same bytes",
    "booster": "is always gbtree, whose contributions add up to the score",
}


@dataclass(frozen=True)
class Hyperparameters:
    """The hyperparameters of a training, checked."""

    rounds: int
    seed: int
    booster: Mapping[str, Any]  # XGBoost's own
    early_stopping_rounds: int | None = None
    threads: int | None = None  # None: as many as the rows are worth
    external_memory_rows: int = 1_000_000

    @property
    def metric(self) -> str:
        """The metric that is recorded after each round."""
        return str(self.booster.get("eval_metric", "logloss"))

    def workers(self, rows: int) -> int:
        """How many threads train on so many rows: a few rows are faster on one than divided."""
        return self.threads or min(contract.cores(), 1 + rows // ROWS_A_THREAD)


def check(given: Mapping[str, Any]) -> Hyperparameters:
    """The hyperparameters from a mapping of names to values.

    Raises:
        JobError: all that are unknown, missing or out of range, each named.
    """
    if mistakes := list(_mistakes(given)):
        raise JobError("; ".join(mistakes))
    values = {ALIASES.get(name, name): value for name, value in given.items()}
    ours = {name: values.pop(name) for name in OURS if name in values}
    return Hyperparameters(booster=values, **ours)


def _mistakes(given: Mapping[str, Any]) -> Iterator[str]:
    rules = {**OURS, **XGBOOST}
    for name in ("rounds", "seed"):
        if name not in given:
            yield f"the hyperparameter {name} is missing"
    for name, value in given.items():
        known = ALIASES.get(name, name)
        if known != name and known in given:
            yield f"{name} and {known} are the same hyperparameter"
        elif name in ELSEWHERE:
            yield f"{name} {ELSEWHERE[name]}"
        elif known not in rules:
            near = difflib.get_close_matches(name, [*rules, *ALIASES], n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield f"{name} is no hyperparameter of this training{hint}"
        elif not rules[known].allows(value):
            yield f"{name} is {rules[known].words}, not {value!r}"
