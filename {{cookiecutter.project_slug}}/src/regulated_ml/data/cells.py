"""From the cells of a file to the types of the canonical table, a column at a time.

Each parser first tries Arrow's own conversion, which is fast and right for nearly every column.
Only a batch that it refuses is looked at closely, to accept what spreadsheets and R write for a
whole number (`20000.0`, `1e+05`) and to tell which cells are no values at all.
"""

from collections.abc import Callable
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

WHOLE = r"^[+-]?\d{1,18}$"
DECIMAL = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
EXACT = 2.0**53  # beyond it, a float no longer holds every whole number

Parsed = tuple[pa.Array, pa.BooleanArray | None]


def parse(cells: pa.Array, kind: pa.DataType, missing: pa.Array) -> Parsed:
    """The cells as `kind` (int64, float64, string or timestamp[ms]), and which were unreadable.

    Nulls, NaN and the texts in `missing` become null, and so do numbers and dates equal to one of
    these texts: -999 is the same in a file that has types as in one that has none. The second value
    is None where every cell could be read, else it is true for the cells that could not; these are
    null in the first.
    """
    if cells.type == kind and not pa.types.is_string(kind):
        given, values = _without_nan(cells), _finite(cells)
    else:
        texts = _trimmed(cells)
        given = _where(texts, pc.invert(pc.is_in(texts, missing)))
        values = PARSERS[kind](given)
    bad = pc.and_(pc.is_valid(given), pc.is_null(values))
    return _but(values, missing), bad if pc.any(bad).as_py() else None


def _but(values: pa.Array, missing: pa.Array) -> pa.Array:
    """The values without those that a text in `missing` stands for."""
    if pa.types.is_string(values.type):
        return values  # compared as text already
    sentinels = PARSERS[values.type](missing).drop_null()
    return _where(values, pc.invert(pc.is_in(values, sentinels))) if len(sentinels) else values


def _finite(cells: pa.Array) -> pa.Array:
    return _where(cells, pc.is_finite(cells)) if pa.types.is_floating(cells.type) else cells


def _without_nan(cells: pa.Array) -> pa.Array:
    return _where(cells, pc.invert(pc.is_nan(cells))) if pa.types.is_floating(cells.type) else cells


def _trimmed(cells: pa.Array) -> pa.StringArray:
    """The cells as text without spaces around it; other files' types come as Arrow prints them."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if pa.types.is_timestamp(cells.type) or pa.types.is_date(cells.type):
        cells = pc.cast(pc.cast(cells, pa.timestamp("ms"), safe=False), pa.string())
    elif pa.types.is_floating(cells.type):
        cells = pc.cast(_without_nan(cells), pa.string())
    return pc.utf8_trim_whitespace(pc.cast(cells, pa.string()))


def _integers(texts: pa.StringArray) -> pa.Array:
    try:
        # Arrow reads 0x10 as sixteen, which no table of clients means.
        if not pc.any(pc.match_substring(texts, "x", ignore_case=True)).as_py():
            return pc.cast(texts, pa.int64())
    except pa.ArrowInvalid:
        pass
    whole = _where(texts, pc.match_substring_regex(texts, WHOLE))
    other = _numbers(_where(texts, pc.is_null(whole)))
    fits = pc.and_(pc.equal(other, pc.trunc(other)), pc.less(pc.abs(other), EXACT))
    signless = pc.replace_substring_regex(whole, r"^\+", "")
    return pc.coalesce(pc.cast(signless, pa.int64()), pc.cast(_where(other, fits), pa.int64()))


def _numbers(texts: pa.StringArray) -> pa.Array:
    """Finite decimal numbers; Arrow alone would take `nan` and `inf` too."""
    decimal = _where(texts, pc.match_substring_regex(texts, DECIMAL))
    return _finite(pc.cast(pc.replace_substring_regex(decimal, r"^\+", ""), pa.float64()))


def _dates(texts: pa.StringArray) -> pa.Array:
    try:
        return pc.cast(texts, pa.timestamp("ms"))
    except pa.ArrowInvalid:
        return pa.array([_date(text) for text in texts.to_pylist()], pa.timestamp("ms"))


def _date(text: str | None) -> datetime | None:
    try:
        value = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return value if value.tzinfo is None else None


def _where(values: pa.Array, condition: pa.Array) -> pa.Array:
    return pc.if_else(condition, values, pa.scalar(None, values.type))


PARSERS: dict[pa.DataType, Callable[[pa.StringArray], pa.Array]] = {
    pa.int64(): _integers,
    pa.float64(): _numbers,
    pa.timestamp("ms"): _dates,
    pa.string(): lambda texts: texts,
}
