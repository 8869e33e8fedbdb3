"""Where runs differ, as rows: one for each fact that is not the same in all of them."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from regulated_ml.tracking.records import Record


class Difference(TypedDict):
    """A fact, and its value in each run; None where a run does not have it."""

    what: str
    values: list[Any]


def differences(runs: Sequence[Record], known: Sequence[Record]) -> list[Difference]:
    """The facts that are not the same in all runs, metrics last.

    The parameters of a run's parents, and the metrics of what was found about a model, are facts of
    the run too: `known` are the runs to look for them in, the oldest first.
    """
    facts = [_flat(_facts(run, known)) for run in runs]
    names = list(dict.fromkeys(name for each in facts for name in each))
    rows = [Difference(what=name, values=[each.get(name) for each in facts]) for name in names]
    return [row for row in rows if any(value != row["values"][0] for value in row["values"])]


def _facts(run: Record, known: Sequence[Record]) -> dict[str, Any]:
    """What decides a run's result, and the result."""
    before = _ancestors(run, {other.id: other for other in known})
    after = {other.step: other for other in known if run.id in other.parents}
    return {
        "step": run.step,
        "environment": run.environment,
        "standard": run.standard,
        "commit": run.commit.sha,
        "dirty": run.commit.dirty,
        "code": run.code[:12],
        "data": {"state": run.data.state, "fingerprint": run.data.fingerprint[:12]},
        **{f"{other.step}.parameters": other.parameters for other in before},
        "parameters": run.parameters,
        "python": run.dependencies.python,
        "packages": run.dependencies.packages,
        **{f"{step}.metrics": other.metrics for step, other in after.items()},
        "metrics": run.metrics,
    }


def _ancestors(run: Record, by_id: Mapping[str, Record]) -> list[Record]:
    """The runs that a run goes back to, each once, the nearest first."""
    found: dict[str, Record] = {}
    for name in run.parents:
        if name in by_id and name not in found:
            found[name] = by_id[name]
            found |= {other.id: other for other in _ancestors(by_id[name], by_id)}
    return list(found.values())


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with dotted names."""
    flat: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
