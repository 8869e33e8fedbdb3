"""Which rows are for training, for validation and for the test."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from regulated_ml.jobs.contract import JobError

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.intp]


class Split(NamedTuple):
    """Positions of the rows of each part in the table, from 0, ascending."""

    train: "Rows"
    validation: "Rows"
    test: "Rows"


def split_rows(
    labels: "npt.NDArray[Any]",
    *,
    validation: float,
    test: float,
    seed: int,
    times: "npt.NDArray[Any] | None" = None,
) -> Split:
    """Divides the rows of a table.

    Without times, both cuts are random and keep the label's rate: first the test is cut off exactly
    as `sklearn.model_selection.train_test_split(test_size=test, random_state=seed,
    stratify=labels)` does it, then validation from the rest. With times, the latest rows are the
    test and those just before them validation; rows of the same time stay together.

    Args:
        labels: one label a row.
        validation: share of all rows.
        test: share of all rows.
        seed: of the random cuts.
        times: one time a row, or None.

    Raises:
        JobError: the table is too small to be divided so, or a row has no time.
    """
    if times is not None:
        return _by_time(times, validation, test)
    rows = np.arange(len(labels))
    rest, last = _stratified(rows, labels, test, seed, "test")
    size = validation * len(labels) / len(rest)
    train, middle = _stratified(rest, labels[rest], size, seed, "validation")
    return Split(train, middle, last)


def _stratified(
    rows: "Rows", labels: "npt.NDArray[Any]", size: float, seed: int, name: str
) -> tuple["Rows", "Rows"]:
    from sklearn.model_selection import train_test_split

    try:
        kept, cut = train_test_split(rows, test_size=size, random_state=seed, stratify=labels)
    except ValueError as error:
        raise JobError(f"{len(rows)} rows cannot be divided for {name}: {error}") from None
    return np.sort(kept), np.sort(cut)


def _by_time(times: "npt.NDArray[Any]", validation: float, test: float) -> Split:
    # Only NaT and NaN differ from themselves.
    if missing := int((times != times).sum()):  # noqa: PLR0124
        raise JobError(f"{missing} rows have no time, so they cannot be divided by it")
    ordered = np.sort(times)
    # The places in the ordered rows where a new time begins: a cut is possible there only.
    starts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    if len(starts) < 2:
        raise JobError(f"{len(starts) + 1} different times do not give three parts; it takes three")
    second = _nearest(starts[1:], (1 - test) * len(times))
    first = _nearest(starts[starts < second], (1 - test - validation) * len(times))
    return Split(
        np.flatnonzero(times < ordered[first]),
        np.flatnonzero((times >= ordered[first]) & (times < ordered[second])),
        np.flatnonzero(times >= ordered[second]),
    )


def _nearest(places: "Rows", wanted: float) -> int:
    return int(places[np.abs(places - wanted).argmin()])
