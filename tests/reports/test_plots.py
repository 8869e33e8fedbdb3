"""The pictures: right numbers at right places, inline, self-contained, harmless."""

import xml.etree.ElementTree as ET
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulated_ml.reports.embedding import embed
from regulated_ml.reports.plots import canvas, data, explanation

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    """All texts of a picture, in order."""
    return ["".join(node.itertext()) for node in ET.fromstring(svg).iter(f"{SVG}text")]


def test_a_picture_is_named_scales_and_keeps_its_ids_to_itself() -> None:
    drawn = explanation.importance(["status"], [0.5], [1.0])
    first, second = (ET.fromstring(embed(drawn, name, "the finding")) for name in "ab")
    title = first[0]
    assert (title.tag, title.text) == (f"{SVG}title", "the finding")
    assert first.get("role") == "img"
    assert first.get("aria-labelledby") == title.get("id")
    assert "width" not in first.attrib
    assert first.get("viewBox")
    ids = [{node.get("id") for node in root.iter()} - {None} for root in (first, second)]
    assert not ids[0] & ids[1]
    # Style rules and metadata would reach beyond the picture.
    assert not list(first.iter(f"{SVG}style")) + list(first.iter(f"{SVG}metadata"))


@given(st.text(max_size=200))
@settings(max_examples=30, deadline=None)
def test_no_label_changes_the_elements_of_a_picture(label: str) -> None:
    svg = embed(explanation.reasons([label], [0.5]), "x", label)
    tags = {node.tag.removeprefix(SVG) for node in ET.fromstring(svg).iter()}
    assert tags <= {"svg", "title", "defs", "clipPath", "rect", "g", "path", "use", "text", "tspan"}


def test_a_dollar_sign_is_no_formula() -> None:
    assert "$x^2$" in texts(explanation.importance(["$x^2$"], [0.5], [1.0]))


def test_a_long_label_takes_two_lines_and_no_more() -> None:
    shown = texts(explanation.importance(["word " * 40, "short"], [0.5, 0.1], [0.8, 0.2]))
    assert len([text for text in shown if "word" in text]) == 2


def test_the_swarm_keeps_every_point_between_its_neighbours() -> None:
    pushes = np.random.default_rng(0).normal(size=3000)
    places = explanation._swarm(pushes, float(np.ptp(pushes)))
    assert np.abs(places).max() <= 1
    crowded = np.abs(pushes) < 0.1
    assert np.abs(places[crowded]).mean() > np.abs(places[~crowded]).mean()
    assert len(np.unique(places[crowded])) > 20


@pytest.mark.parametrize(
    ("values", "ranks"),
    [
        ([0.0, 5.0, 10.0], [0, 0.5, 1]),
        ([3.0, 3.0], [0.5, 0.5]),
        ([np.nan, 3.0, 3.0], [np.nan, 0.5, 0.5]),
        ([np.nan, np.nan], [np.nan, np.nan]),
        ([0.0] * 99 + [1.0], [0] * 99 + [1]),
    ],
)
def test_colours_go_from_low_to_high_values(values: list[float], ranks: list[float]) -> None:
    found = explanation._ranks(np.array(values))
    assert found == pytest.approx(np.array(ranks), nan_ok=True, abs=0.06)


def test_a_category_has_its_texts_below_the_points() -> None:
    values = np.array([0.0, 1.0, 2.0] * 20)
    shown = texts(explanation.dependence("type", values, values, ["rent", "own", "other"]))
    assert shown[:3] == ["rent", "own", "other"]


def test_text_and_nothing_are_no_numbers() -> None:
    found = explanation.as_numbers([1, 2.5, None, "A"])
    assert found == pytest.approx([1, 2.5, np.nan, np.nan], nan_ok=True)


def group(low: float, high: float, rows: int) -> dict[str, Any]:
    """Rows with values between two ends."""
    return {"low": low, "high": high, "rows": rows, "label_rate": 0.2, "text": f"{low} to {high}"}


def test_rows_of_a_group_are_spread_over_its_values_and_none_is_lost() -> None:
    groups = [group(0, 0, 50), group(1, 9, 40), group(10, 100, 10)]
    ends, below = data._cumulated(groups)
    assert ends == [0, 0.5, 9.5, 100]
    assert below == [0, 50, 90, 100]
    assert np.interp([0.5, 5, 100], ends, below) == pytest.approx([50, 70, 100])


@pytest.mark.parametrize(
    ("names", "ticks"),
    [
        (["1: male", "2: female"], ["1: male", "2: female"]),
        ([f"{n}: a long meaning of the code" for n in range(6)], list("012345")),
        (["other codes (3)", *(f"{n}: meaning" for n in range(7))], ["other", *"0123456"]),
    ],
)
def test_codes_are_written_out_where_there_is_room(names: list[str], ticks: list[str]) -> None:
    assert data._ticks([{"text": name} for name in names]) == ticks


def test_a_map_of_correlations_names_each_column() -> None:
    shown = texts(data.correlations(["age", "limit"], [[1, 0.3], [0.3, None]]))
    assert {"age  1", "limit  2"} <= set(shown)


@pytest.mark.parametrize("columns", [2, 5, 24])
def test_the_key_of_the_correlations_lies_beside_the_map(columns: int) -> None:
    names = [f"A_LONG_NAME_OF_COLUMN_{n}" for n in range(columns)]
    with mpl.rc_context(canvas.STYLE):
        plot = data.correlations.__wrapped__(names, np.eye(columns).tolist())  # type: ignore[attr-defined]
        covered = plot.get_tightbbox()
        (key,) = (other for other in plot.figure.axes if other is not plot)
        for part in (key.get_tightbbox(), *(t.get_window_extent() for t in plot.figure.texts)):
            assert not covered.overlaps(part)
            assert 0 <= part.x0 < part.x1 <= plot.figure.bbox.width
            assert 0 <= part.y0 < part.y1 <= plot.figure.bbox.height
