"""How numbers, times, names and clients are written on a page and in a picture.

One rule per kind of thing, so that the same number looks the same wherever it stands. Text that
comes from outside passes `clean`, which leaves nothing that could reorder or hide other text.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from regulated_ml.identifiers import visible

NOTHING = "–"  # a cell without a value
MINUS = "\u2212"
LONGEST = 10_000  # characters of any one text on a page


def clean(text: object) -> str:
    """The text in one line, each character that steers or hides others shown by its number."""
    return short(text, LONGEST)


def short(text: object, limit: int = 40) -> str:
    """The cleaned text, cut to `limit` characters with an ellipsis."""
    return visible(" ".join(str(text).split()), limit)


def capital(text: str) -> str:
    """The text with its first letter in upper case, as a sentence begins."""
    return text[:1].upper() + text[1:]


def is_number(value: object) -> bool:
    """Whether the value is a finite number (JSON written by numpy may hold NaN)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def whole(value: Any) -> str:
    """A count: 30,000."""
    return f"{round(value):,}".replace("-", MINUS) if is_number(value) else NOTHING


def decimal(value: Any, digits: int = 3) -> str:
    """A number with a fixed number of digits after the point: 0.777."""
    if not is_number(value):
        return NOTHING
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")  # no minus before zero
    return text.replace("-", MINUS)


def signed(value: Any, digits: int = 2) -> str:
    """A number that always shows its sign: +0.45."""
    text = decimal(value, digits)
    return f"+{text}" if is_number(value) and value > 0 and _differs(text) else text


def _differs(text: str) -> bool:
    return any(digit in text for digit in "123456789")


def percent(share: Any, digits: int = 1) -> str:
    """A share from 0 to 1 as 22.1%; neither 0% nor 100% unless it is exactly that."""
    if not is_number(share):
        return NOTHING
    smallest = 0.5 * 10 ** -(digits + 2)
    if 0 < share < smallest:
        return f"<{10**-digits:.{digits}f}%"
    if 1 - smallest < share < 1:
        return f">{100 - 10**-digits:.{digits}f}%"
    return f"{decimal(share * 100, digits)}%"


def points(difference: Any) -> str:
    """A difference of two shares in percentage points: 10.7 points."""
    return f"{decimal(difference * 100, 1)} points" if is_number(difference) else NOTHING


def quantity(value: Any) -> str:
    """A value of a column: whole numbers in full, others with four significant digits."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "missing"
    if not is_number(value):
        return clean(value)
    if float(value).is_integer() and abs(value) < 1e15:
        return whole(value)
    size = abs(value)
    if 1e-4 <= size < 1e15:
        digits = max(0, 3 - math.floor(math.log10(size)))
        text = decimal(value, digits)
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.3g}".replace("-", MINUS)


def compact(value: float, digits: int = 3) -> str:
    """A number for the tick of an axis: 250k, 1.5M."""
    value = _rounded(value, digits)
    for size, suffix in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{suffix}".replace("-", MINUS)
    return f"{value:.3g}".replace("-", MINUS)


def about(value: Any) -> str:
    """A number of which only the size matters: three significant digits, 758,000."""
    return quantity(_rounded(value, 3)) if is_number(value) else quantity(value)


def _rounded(value: float, digits: int) -> float:
    return round(value, digits - 1 - math.floor(math.log10(abs(value)))) if value else value


def p_value(value: Any) -> str:
    """A p-value, never written as exactly zero: p = 0.020, p < 0.001."""
    if not is_number(value):
        return "p not known"
    return "p < 0.001" if value < 0.001 else f"p = {decimal(value)}"


def interval(estimate: Mapping[str, Any] | None, digits: int = 3) -> str:
    """An estimate's interval: 0.762 to 0.792."""
    if not estimate or not is_number(estimate.get("low")) or not is_number(estimate.get("high")):
        return NOTHING
    return f"{decimal(estimate['low'], digits)} to {decimal(estimate['high'], digits)}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: 1 client, 30,000 clients."""
    return f"{whole(count)} {one if count == 1 else many or one + 's'}"


def listing(items: Sequence[str], limit: int = 4) -> str:
    """Items as a sentence lists them: a, b and c; the rest beyond `limit` as a count."""
    shown = list(items[:limit])
    if len(items) > limit:
        shown = [*items[: limit - 1], f"{len(items) - limit + 1} more"]
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def moment(text: Any) -> str:
    """A time of a record in UTC: 24 Nov 2026, 09:12 UTC; text that is no time as it is."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return clean(text)
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return f"{time.day} {time:%b %Y, %H:%M} UTC"


def duration(seconds: Any) -> str:
    """A time span: 0.4 s, 12 s, 3 min 5 s, 2 h 10 min."""
    if not is_number(seconds):
        return NOTHING
    if seconds < 10:
        return f"{decimal(seconds, 1)} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def letter(position: int) -> str:
    """The name of the client at a position, from 0: A to Z, then AA, AB."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


@dataclass(frozen=True)
class ColumnWords:
    """What a column means: from dataset.yaml."""

    role: str = "feature"
    description: str = ""
    unit: str = ""
    values: Mapping[Any, str] = field(default_factory=dict)  # code -> meaning


@dataclass(frozen=True)
class Vocabulary:
    """The words of one table."""

    event: str = "positive"  # what the label's positive code means: what the score is the risk of
    columns: Mapping[str, ColumnWords] = field(default_factory=dict)

    def describe(self, column: str) -> str:
        """The description of a column, or its name where there is none."""
        words = self.columns.get(column)
        return clean(words.description if words and words.description else column)

    def name(self, column: str) -> str:
        """The description without what stands behind its first comma or bracket.

        The whole description where nothing would be left, or another column has the same beginning.
        """
        begin = _beginning(self.describe(column))
        return begin if begin and self._beginnings[begin] <= 1 else self.describe(column)

    @cached_property
    def _beginnings(self) -> Counter[str]:
        return Counter(_beginning(self.describe(column)) for column in self.columns)

    def is_identifier(self, column: str) -> bool:
        """Whether the column's values tell one client from another."""
        return column in self.columns and self.columns[column].role == "identifier"

    def unit(self, column: str) -> str:
        """The unit of a column, empty where it has none."""
        words = self.columns.get(column)
        return clean(words.unit) if words else ""

    def meaning(self, column: str, value: Any) -> str:
        """What a code of a column means, empty where dataset.yaml does not say."""
        meanings = self._meanings(column)
        return next((clean(meanings[code]) for code in _codes(value) if code in meanings), "")

    def lists(self, column: str, value: Any) -> bool:
        """Whether dataset.yaml lists the value as a code of the column, documented or not."""
        return any(code in self._meanings(column) for code in _codes(value))

    def _meanings(self, column: str) -> dict[str, str]:
        words = self.columns.get(column)
        return {str(code): meaning for code, meaning in words.values.items()} if words else {}

    def value(self, column: str, value: Any) -> str:
        """A value of a column in words: two months late (2); 20,000 NT$."""
        if meaning := self.meaning(column, value):
            return f"{meaning} ({quantity(value)})"
        text = quantity(value)
        return f"{text} {self.unit(column)}" if self.unit(column) and is_number(value) else text

    def quoted(self, column: str, value: Any) -> str:
        """A value of a column inside a sentence: “two months late”; 20,000 NT$."""
        meaning = self.meaning(column, value)
        return f"“{meaning}”" if meaning else self.value(column, value)


def _beginning(description: str) -> str:
    return re.split(r"[,;:(]", description, maxsplit=1)[0].strip()


def _codes(value: Any) -> list[str]:
    """How the code of a value may be written: 2.0 stands for the code 2."""
    codes = [str(value)]
    if is_number(value) and float(value).is_integer():
        codes.append(str(int(value)))
    return codes
