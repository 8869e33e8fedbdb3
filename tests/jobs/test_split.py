"""Which rows are trained on, watched and tested."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.split import split_rows

LABELS = (np.arange(1000) % 5 == 0).astype(int)


def test_the_test_rows_are_those_of_scikit_learn() -> None:
    split = split_rows(LABELS, validation=0.1, test=0.2, seed=42)
    _, expected = train_test_split(np.arange(1000), test_size=0.2, random_state=42, stratify=LABELS)
    assert split.test.tolist() == sorted(expected)


def test_the_test_rows_do_not_depend_on_validation() -> None:
    small = split_rows(LABELS, validation=0.1, test=0.2, seed=42)
    large = split_rows(LABELS, validation=0.4, test=0.2, seed=42)
    assert small.test.tolist() == large.test.tolist()


def test_another_seed_gives_other_rows() -> None:
    one, other = (split_rows(LABELS, validation=0.1, test=0.2, seed=seed) for seed in (1, 2))
    assert one.test.tolist() != other.test.tolist()


@given(
    rows=st.integers(40, 400),
    validation=st.floats(0.1, 0.4),
    test=st.floats(0.1, 0.4),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_row_is_in_one_part_and_each_part_keeps_the_rate(
    rows: int, validation: float, test: float, seed: int
) -> None:
    labels = (np.arange(rows) % 4 == 0).astype(int)
    split = split_rows(labels, validation=validation, test=test, seed=seed)
    assert sorted(np.concatenate(split).tolist()) == list(range(rows))
    for part, share in zip(split[1:], (validation, test), strict=True):
        assert abs(len(part) - share * rows) <= 1
        assert abs(labels[part].sum() - labels.mean() * len(part)) <= 1.5


def test_by_time_the_latest_rows_are_the_test() -> None:
    times = np.datetime64("2025-01-01") + np.random.default_rng(0).permutation(1000)
    split = split_rows(LABELS, validation=0.1, test=0.2, seed=0, times=times)
    assert [len(part) for part in split] == [700, 100, 200]
    assert times[split.train].max() < times[split.validation].min()
    assert times[split.validation].max() < times[split.test].min()


def test_rows_of_one_time_stay_together() -> None:
    times = np.repeat([1, 2, 3, 4], [500, 260, 60, 180])
    split = split_rows(LABELS, validation=0.1, test=0.2, seed=0, times=times)
    # The cuts nearest to 700 and 800 rows are those at 760 and 820.
    assert [set(times[part]) for part in split] == [{1, 2}, {3}, {4}]


@pytest.mark.parametrize(
    ("labels", "times", "words"),
    [
        ([0, 0, 0, 1], None, "4 rows cannot be divided for test"),
        (LABELS, np.array(["2025-01-01"] * 999 + ["NaT"], "M8[D]"), "1 rows have no time"),
        (LABELS, np.array([1.0] * 999 + [np.nan]), "1 rows have no time"),
        (LABELS, np.repeat([1, 2], 500), "2 different times do not give three parts"),
    ],
)
def test_what_cannot_be_divided_is_refused(labels: object, times: object, words: str) -> None:
    with pytest.raises(JobError, match=words):
        split_rows(np.array(labels), validation=0.1, test=0.2, seed=0, times=times)  # type: ignore[arg-type]
