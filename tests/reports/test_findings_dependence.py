"""What is said about the values of a feature is true, and never of a single client."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulated_ml.reports.findings import dependence
from regulated_ml.reports.findings.dependence import SHARED, Cloud, Level
from regulated_ml.reports.words import ColumnWords, Vocabulary

PAY = Vocabulary(columns={"PAY": ColumnWords(values={0: "paid", 2: "two months late"})})


def levels(values: Any, contributions: Any = 0.0, codes: Any = ()) -> list[Level]:
    """The levels of the column PAY."""
    array = np.asarray(values, float)
    pushes = np.broadcast_to(np.asarray(contributions, float), array.shape)
    return dependence.levels(Cloud("PAY", array, pushes, codes), PAY)


@pytest.mark.parametrize(
    ("values", "contributions", "expected"),
    [
        ([0] * 20 + [2] * 20, [-0.5] * 20 + [1.7] * 20,
         "raises the score most at “two months late” (+1.70), lowers it most at “paid” (−0.50)"),
        ([0] * 20 + [2] * 20, [0.5] * 20 + [1.7] * 20,
         "Status raises the score most at “two months late” (+1.70), least at “paid” (+0.50)"),
        ([0] * 20 + [2] * 20, [-0.5] * 20 + [-1.7] * 20,
         "Status lowers the score most at “two months late” (−1.70), least at “paid” (−0.50)"),
        ([0] * 20 + [2] * 20, [0.1] * 40, "Status moves the score by +0.10 at any value"),
        ([2] * 20, [0.1] * 20, "Status has one value in the sample, two months late (2)"),
        ([0] * 19 + [2] * 19, [0.1] * 38, "Status moves the score by +0.10 at any value"),
        ([0] * 30 + [2] * 30 + [*range(3, 10)] * 3, [0] * 60 + [0.7] * 21,
         "raises the score most at other values (7) (+0.70)"),
    ],
)  # fmt: skip
def test_dependence_names_the_values_with_the_highest_and_lowest_median(
    values: list[float], contributions: list[float], expected: str
) -> None:
    assert expected in dependence.dependence("status", levels(values, contributions))


few = st.lists(st.floats(-1e6, 1e6), min_size=SHARED, max_size=40)
many = st.lists(st.floats(-1e6, 1e6), min_size=30, max_size=200, unique=True)
repeated = st.lists(st.integers(0, 40).map(float), min_size=100, max_size=300)


@given(few | many | repeated)
def test_every_client_is_in_one_level_and_none_is_alone(values: list[float]) -> None:
    found = levels(values)
    assert sum(level.rows for level in found) == len(values)
    assert all(level.rows >= SHARED for level in found)


@given(st.lists(st.integers(0, 5), min_size=SHARED, max_size=200))
def test_a_code_is_named_where_enough_clients_have_it(values: list[int]) -> None:
    named = {level.text: level.rows for level in levels(values, codes=list("ABCDEF"))}
    for code, letter in enumerate("ABCDEF"):
        assert named.get(letter, values.count(code)) == values.count(code)
        assert letter not in named or named[letter] >= SHARED


def test_a_client_with_a_value_of_its_own_is_counted_with_others() -> None:
    found = levels([0] * 200 + [2] * 60 + [7], [0.0] * 260 + [9.0])
    assert [(level.text, level.rows) for level in found] == [
        ("paid (0)", 200),
        ("other values (2)", 61),
    ]
    assert "9.00" not in dependence.dependence("Status", found)


@given(st.lists(st.integers(-10_000_000, 10_000_000), min_size=60, max_size=300, unique=True))
def test_ranges_of_amounts_have_no_outer_ends(values: list[int]) -> None:
    texts = [level.text for level in levels(values)]
    assert texts[0].startswith("up to")
    assert texts[-1].startswith("above")
    assert all(re.fullmatch("[−0-9.,]+ to [−0-9.,]+", text) for text in texts[1:-1])


def test_ranges_hold_the_clients_between_their_rounded_ends() -> None:
    values = np.random.default_rng(1).integers(10_000, 990_000, 2000)
    found = levels(values)
    assert len(found) == 10
    for level in found:
        ends = [int(end.replace(",", "")) for end in re.findall("[0-9,]+", level.text)]
        assert all(end % 1000 == 0 for end in ends)
        low = ends[0] if not level.text.startswith("up to") else -np.inf
        high = ends[-1] if not level.text.startswith("above") else np.inf
        assert ((values > low) & (values <= high)).sum() == level.rows


def test_a_value_that_many_share_is_a_level_among_ranges() -> None:
    found = levels([0] * 300 + list(range(1, 301)))
    assert (found[0].text, found[0].rows) == ("paid (0)", 300)
    assert found[-1].text.startswith("above 2")


def test_categories_are_called_by_their_texts() -> None:
    codes = [f"kind {n}" for n in range(30)]  # more than would be looked at one by one as numbers
    values = np.arange(600.0) % 30
    found = levels(values, values, codes)
    assert [level.text for level in found] == codes
    assert dependence.dependence("Type", found) == (
        "Type raises the score most at kind 29 (+29.00), least at kind 0 (0.00)"
    )


@pytest.mark.parametrize("codes", [(), ["A", "B", "C"]])
def test_a_picture_has_the_clients_whose_value_many_share(codes: Any) -> None:
    values, pushes = np.array([0.0] * 20 + [1.0] * 19 + [2.0] * 21), np.arange(60.0)
    shared = Cloud("PAY", values, pushes, codes).of_shared_values()
    assert set(shared.values) == {0, 2}
    assert shared.pushes.tolist() == [*range(20), *range(39, 60)]
