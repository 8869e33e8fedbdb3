"""Cells of a column as the numbers or categories that distributions are made of.

Captured requests are text, a features table has types; the same value counts as the same in both.
A number is taken in single precision, as the model reads it.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$|^[+-]?(?i:inf|infinity)$"
ABSENT = r"^(?i:nan)?$"  # texts that the container takes for a missing value
WHOLE = 2.0**53  # beyond it a float no longer holds every whole number


class Numbers(NamedTuple):
    """The numbers of some cells."""

    values: "Array"  # float64, each one that float32 holds; no NaN, but perhaps infinite ones
    missing: int
    unreadable: int  # cells that hold something else


class Categories(NamedTuple):
    """The categories of some cells."""

    values: tuple[str, ...]
    counts: tuple[int, ...]
    missing: int


def numbers(cells: pa.Array) -> Numbers:
    """Reads cells as numbers; those that are null, NaN or blank are missing."""
    unreadable, cells = 0, _plain(cells)
    if _is_text(cells):
        texts = _present(cells)
        readable = pc.match_substring_regex(texts, NUMBER)
        unreadable = len(texts) - (pc.sum(readable).as_py() or 0)
        plain = pc.replace_substring_regex(texts.filter(readable), r"^\+", "")
        return Numbers(_single(plain), len(cells) - len(texts), unreadable)
    found = _single(cells.drop_null() if cells.null_count else cells)
    with np.errstate(invalid="ignore"):  # infinite values of both signs
        may_lack = np.isnan(found.sum())  # the sum is the quickest way to know that none is NaN
    if may_lack:
        found = found[~np.isnan(found)]
    return Numbers(found, len(cells) - len(found), unreadable)


def categories(cells: pa.Array) -> Categories:
    """Counts the categories in cells; those that are null, NaN or blank are missing."""
    cells = _plain(cells)
    present = _present(cells) if _is_text(cells) else cells.drop_null()
    counted: dict[str, int] = {}
    for value, count in zip(*pc.value_counts(present).flatten(), strict=True):
        if (name := category(value.as_py())) is not None:
            counted[name] = counted.get(name, 0) + count.as_py()
    missing = len(cells) - sum(counted.values())
    return Categories(tuple(counted), tuple(counted.values()), missing)


def category(value: object) -> str | None:
    """A category as text: 1, 1.0 and "1.0" are all "1"; None where the value is missing."""
    text = str(int(value) if isinstance(value, bool) else value).strip()
    try:
        number = float(text)
    except ValueError:
        return text or None
    if np.isnan(number):
        return None
    single = float(np.float32(number)) if abs(number) < WHOLE else number
    return str(int(single)) if single.is_integer() and abs(single) < WHOLE else repr(single)


def _plain(cells: pa.Array) -> pa.Array:
    return cells.dictionary_decode() if pa.types.is_dictionary(cells.type) else cells


def _is_text(cells: pa.Array) -> bool:
    kind = cells.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _present(cells: pa.Array) -> pa.Array:
    """The texts without spaces around them, and without those that stand for nothing."""
    texts = pc.utf8_trim_whitespace(cells.drop_null())
    return texts.filter(pc.invert(pc.match_substring_regex(texts, ABSENT)))


def _single(cells: pa.Array) -> "Array":
    """Numbers without nulls, each one that float32 holds, as float64."""
    if pa.types.is_float32(cells.type) and len(cells):
        return np.asarray(np.from_dlpack(cells).astype(np.float64))
    # Not Arrow's own `to_numpy`, which imports pandas and takes a third of a second.
    values = np.from_dlpack(pc.cast(cells, pa.float64(), safe=False))
    with np.errstate(over="ignore"):  # a number too large for the model is infinite to it
        return values.astype(np.float32).astype(np.float64)
