"""Rows as callers send them."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulated_ml.serving.rows import RefusedError, parse

CELLS = st.one_of(
    st.floats(width=32, allow_infinity=False, allow_nan=False), st.integers(-(2**31), 2**31)
)


@given(st.lists(st.lists(CELLS | st.none(), min_size=3, max_size=3), min_size=1, max_size=5))
def test_numbers_and_blanks_come_as_float32(table: list[list[float | None]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(table)
    expected = [[np.nan if cell is None else np.float32(cell) for cell in row] for row in table]
    np.testing.assert_array_equal(parse(text.getvalue().encode(), 3), np.array(expected, "f4"))


@settings(max_examples=500)
@given(st.binary(max_size=60), st.integers(1, 4))
def test_whatever_is_sent_is_read_or_refused(body: bytes, columns: int) -> None:
    try:
        found = parse(body, columns)
    except RefusedError as refused:
        assert refused.status in {204, 400, 415}
        return
    assert found.dtype == np.float32
    assert found.shape == (len(body.splitlines()), columns)
    assert not np.isinf(found).any()


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"", 204, ""),
        (b"\n\n", 204, ""),
        (b"1,2", 400, "row 1 has 2 columns, and the model reads 3"),
        (b"1,2,3\n1,2,3,4", 400, "row 2 has 4 columns"),
        (b"1,2,3\n\n1,2,3", 400, "row 2 has 1 columns"),
        (b"age,limit,sex", 415, "row 1, column 1: 'age' is no number (rows come without a header)"),
        (b"1,2,3\n1,x,3", 415, "row 2, column 2: 'x' is no number"),
        (b"1,+-,3", 415, "row 1, column 2: '+-' is no number"),
        (b"1_000,2,3", 415, "'1_000' is no number"),
        (b"1,2,\xff", 415, "row 1, column 3"),
        (b"1,1e39,3", 400, "row 1, column 2: the number is beyond float32"),
        (b"1,inf,3", 400, "row 1, column 2: the number is beyond float32"),
    ],
)
def test_what_is_wrong_is_named(body: bytes, status: int, sentence: str) -> None:
    with pytest.raises(RefusedError) as refused:
        parse(body, 3)
    assert refused.value.status == status
    assert sentence in refused.value.sentence


def test_a_long_text_of_a_caller_is_not_sent_back_whole() -> None:
    with pytest.raises(RefusedError) as refused:
        parse(b"1,2," + b"x" * 10_000, 3)
    assert len(refused.value.sentence) < 120
