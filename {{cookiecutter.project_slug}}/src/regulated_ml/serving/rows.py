"""Rows as a caller sends them: CSV without a header, one row a line, features in the model's order.

As the managed container reads them, with one difference: a row with too few columns is refused. The
container takes the missing ones for missing values and answers with a score that nobody should use.
"""

from typing import TYPE_CHECKING, NoReturn

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Rows = npt.NDArray[np.float32]

# What plain numbers are written with; anything else is looked at closely.
PLAIN = b"0123456789+-.eE,\n\r "
NOT_A_NUMBER = {"nan", "na", ""}  # taken for missing
SHOWN = 40  # characters of a caller's text in a sentence


class RefusedError(Exception):
    """A request that is answered with a status and a sentence instead of scores."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


def parse(body: bytes, columns: int) -> "Rows":
    """The rows of a body: rows by columns, NaN where a cell is blank.

    Raises:
        RefusedError: 204 nothing is there; 415 a cell is no number; 400 a row has another number of
            columns, or a number beyond float32.
    """
    lines = body.splitlines()
    if not any(lines):
        raise RefusedError(204, "")
    cells = [line.split(b",") for line in lines]
    for number, row in enumerate(cells, 1):
        if len(row) != columns:
            raise _wrong_length(number, row, columns)
    try:
        # Plain rows the short way: it is what almost every request takes.
        if not body.translate(None, PLAIN):
            with np.errstate(over="raise"):
                return np.array([[float(cell) for cell in row] for row in cells], np.float32)
    except (ValueError, FloatingPointError):
        pass  # a blank cell, a row of signs, a number too large: the long way says which
    return _with_care(cells)


def _with_care(cells: list[list[bytes]]) -> "Rows":
    """The rows whose cells may be blank, or no numbers."""
    values = [
        [_number(cell, line, place) for place, cell in enumerate(row, 1)]
        for line, row in enumerate(cells, 1)
    ]
    with np.errstate(over="ignore"):
        found = np.array(values, np.float32)
    if np.isinf(found).any():
        line, place = (int(where[0]) + 1 for where in np.nonzero(np.isinf(found)))
        raise RefusedError(400, f"row {line}, column {place}: the number is beyond float32")
    return found


def _number(cell: bytes, line: int, place: int) -> float:
    text = cell.decode("utf-8", "replace").strip()
    if text.lower() in NOT_A_NUMBER:
        return float("nan")
    if "_" not in text:  # Python takes 1_000 for a number, CSV does not
        try:
            return float(text)
        except ValueError:
            pass
    _refuse_text(text, line, place)


def _refuse_text(text: str, line: int, place: int) -> NoReturn:
    header = " (rows come without a header)" if line == 1 else ""
    said = f"row {line}, column {place}: {text[:SHOWN]!r} is no number{header}"
    raise RefusedError(415, said)


def _wrong_length(number: int, row: list[bytes], columns: int) -> RefusedError:
    said = f"row {number} has {len(row)} columns, and the model reads {columns}"
    return RefusedError(400, said)
