"""The file of a baseline: it comes back as it was, or is refused with the reason."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from regulated_ml.errors import UserError
from regulated_ml.monitoring import baseline
from regulated_ml.monitoring.baseline import Baseline
from regulated_ml.monitoring.distributions import Kind, describe
from regulated_ml.monitoring.drift import compare

KINDS: dict[str, Kind] = {"x": "number", "c": "category"}


def columns(shift: float, rows: int) -> pa.RecordBatch:
    """A number and a category."""
    rng = np.random.default_rng(5)
    return pa.record_batch({"x": rng.normal(shift, 1, rows), "c": rng.choice(["a", "b"], rows)})


@pytest.fixture
def made(tmp_path: Path) -> Baseline:
    """A baseline whose sketch has left values out, and its files."""
    found = baseline.of(
        describe([columns(0, 9000)], KINDS),
        {"c": ["a", "b"]},
        version=3,
        model="train-1",
        model_sha256="a" * 64,
        features="prepare-1",
        features_sha256="b" * 64,
        rows=9000,
    )
    found.write(tmp_path)
    return found


def test_drift_is_told_without_the_rows(made: Baseline, tmp_path: Path) -> None:
    read = baseline.read(tmp_path / "baseline.json")
    assert read == made
    window = describe([columns(0.3, 500)], KINDS)
    expected = compare(describe([columns(0, 9000)], KINDS), window, 0.01)
    for one, other in zip(compare(read.distributions(), window, 0.01), expected, strict=True):
        assert one.distance == pytest.approx(other.distance, abs=0.001)
        assert one.drifted is other.drifted
    assert [each.drifted for each in expected] == [True, False]


def test_the_baseline_of_another_version_or_model_is_refused(made: Baseline) -> None:
    made.check(3, "a" * 64)
    with pytest.raises(UserError) as caught:
        made.check(4, "c" * 64)
    assert [problem.field for problem in caught.value.problems] == [
        "baseline.json: version",
        "baseline.json: model_sha256",
    ]
    assert "the baseline is that of v4" in str(caught.value)


def _without(key: str) -> Callable[[dict[str, Any]], None]:
    return lambda content: content.pop(key)


def _sketch(text: str) -> Callable[[dict[str, Any]], None]:
    return lambda content: content["columns"][0].update(sketch=text)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(_without("model_sha256"), "model_sha256: Field required", id="a key gone"),
        pytest.param(_sketch("!"), "a sketch is damaged", id="no base64"),
        pytest.param(_sketch(""), "a sketch is damaged", id="an empty sketch"),
        pytest.param(_sketch("AAAA"), "a sketch is damaged", id="no sketch"),
        pytest.param(
            lambda c: c["columns"][0].update(sketch=c["columns"][0]["sketch"][:4000]),
            "a sketch is damaged",
            id="a sketch cut short",
        ),
        pytest.param(
            lambda c: c["columns"][0].update(present=8999), "holds 9000 values", id="rows denied"
        ),
        pytest.param(
            lambda c: c["columns"][1].update(counts={"a": 1}), "counts of c", id="counts changed"
        ),
        pytest.param(lambda c: c.update(schema_version=2), "of format 1", id="of a later standard"),
    ],
)
def test_a_damaged_baseline_is_refused(
    made: Baseline, tmp_path: Path, change: Callable[[dict[str, Any]], None], reason: str
) -> None:
    path = tmp_path / "baseline.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=reason):
        baseline.read(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema_version": "x"}'])
def test_what_is_no_baseline_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "baseline.json"
    path.write_text(text)
    with pytest.raises(UserError, match="a baseline, as `rml model register` makes it"):
        baseline.read(path)
    with pytest.raises(UserError, match="No such file"):
        baseline.read(tmp_path / "none.json")
