"""Where runs differ, as rows: one for each fact that is not the same in all of them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from regulated_ml.tracking.records import Record


class Difference(TypedDict):
    """A fact, and its value in each run; None where a run does not have it."""

    what: str
    values: list[Any]


def differences(runs: Sequence[Record]) -> list[Difference]:
    """The facts that are not the same in all runs, metrics last."""
    facts = [_flat(_facts(run)) for run in runs]
    names = list(dict.fromkeys(name for each in facts for name in each))
    rows = [Difference(what=name, values=[each.get(name) for each in facts]) for name in names]
    return [row for row in rows if any(value != row["values"][0] for value in row["values"])]


def _facts(run: Record) -> dict[str, Any]:
    """What decides a run's result, and the result."""
    return {
        "step": run.step,
        "environment": run.environment,
        "standard": run.standard,
        "commit": run.commit.sha,
        "dirty": run.commit.dirty,
        "code": run.code[:12],
        "data": {"state": run.data.state, "fingerprint": run.data.fingerprint[:12]},
        "parameters": run.parameters,
        "python": run.dependencies.python,
        "packages": run.dependencies.packages,
        "metrics": run.metrics,
    }


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted names."""
    flat: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
