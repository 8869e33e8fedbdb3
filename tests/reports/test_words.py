"""How numbers, times and names are written."""

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulated_ml.reports import words
from regulated_ml.reports.words import ColumnWords, Vocabulary

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (words.whole(30000), "30,000"),
        (words.whole(-5), "−5"),
        (words.whole(None), "–"),
        (words.decimal(0.77731, 3), "0.777"),
        (words.decimal(-0.0001, 3), "0.000"),
        (words.decimal(float("nan")), "–"),
        (words.signed(0.451), "+0.45"),
        (words.signed(-0.451), "−0.45"),
        (words.signed(0.0001), "0.00"),
        (words.percent(0.2212), "22.1%"),
        (words.percent(0), "0.0%"),
        (words.percent(1), "100.0%"),
        (words.percent(0.00001), "<0.1%"),
        (words.percent(0.99999), ">99.9%"),
        (words.percent(0.999, 0), ">99%"),
        (words.percent(True), "–"),
        (words.quantity(20000.0), "20,000"),
        (words.quantity(0.123456), "0.1235"),
        (words.quantity(1234.5), "1,234" if round(1234.5) == 1234 else "1,235"),
        (words.quantity(None), "missing"),
        (words.quantity(float("nan")), "missing"),
        (words.quantity("A<b>"), "A<b>"),
        (words.about(757520), "758,000"),
        (words.compact(250000), "250k"),
        (words.compact(-1500000), "−1.5M"),
        (words.compact(0), "0"),
        (words.p_value(1e-12), "p < 0.001"),
        (words.p_value(0.0204), "p = 0.020"),
        (words.p_value(None), "p not known"),
        (words.interval({"low": 0.7621, "high": 0.7918}), "0.762 to 0.792"),
        (words.interval(None), "–"),
        (words.plural(1, "client"), "1 client"),
        (words.plural(30000, "client"), "30,000 clients"),
        (words.listing([]), ""),
        (words.listing(["a"]), "a"),
        (words.listing(["a", "b", "c"]), "a, b and c"),
        (words.listing(list("abcdef")), "a, b, c and 3 more"),
        (words.moment("2026-11-24T10:12:03+01:00"), "24 Nov 2026, 09:12 UTC"),
        (words.moment("2026-11-24T09:12:03"), "24 Nov 2026, 09:12 UTC"),
        (words.moment("yesterday"), "yesterday"),
        (words.duration(0.42), "0.4 s"),
        (words.duration(12.4), "12 s"),
        (words.duration(185), "3 min 5 s"),
        (words.duration(7800), "2 h 10 min"),
        (words.duration(None), "–"),
        ([words.letter(n) for n in (0, 25, 26, 701, 702)], ["A", "Z", "AA", "ZZ", "AAA"]),
    ],
)
def test_each_kind_of_value_is_written_in_one_way(written: object, expected: object) -> None:
    assert written == expected


@given(finite, st.integers(0, 6))
def test_a_decimal_is_the_number_to_its_last_digit(value: float, digits: int) -> None:
    text = words.decimal(value, digits).replace(",", "").replace("−", "-")
    assert math.isclose(float(text), value, rel_tol=1e-12, abs_tol=0.5000001 * 10**-digits)


@given(st.floats(0, 1))
def test_only_a_true_zero_or_one_reads_as_nothing_or_all(share: float) -> None:
    assert (words.percent(share) == "0.0%") == (share == 0)
    assert (words.percent(share) == "100.0%") == (share == 1)


@given(st.text(), st.integers(5, 60))
def test_text_is_one_visible_line_within_its_limit(text: str, limit: int) -> None:
    line = words.short(text, limit)
    assert len(line) <= limit
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in line)


@given(st.integers(0, 100_000))
def test_letters_name_each_client_once(position: int) -> None:
    assert words.letter(position) != words.letter(position + 1)
    assert words.letter(position).isalpha()


COLUMNS = Vocabulary(
    columns={
        "BILL": ColumnWords(
            description="bill of May (negative when too much was paid)", unit="NT$"
        ),
        "NET": ColumnWords(description="income, net"),
        "GROSS": ColumnWords(description="income, gross"),
        "PAY": ColumnWords(description="payment status", values={2: "two months late"}),
        "ODD": ColumnWords(description="(no beginning)"),
        "ID": ColumnWords(role="identifier"),
    }
)


def test_a_column_is_called_by_the_beginning_of_its_description() -> None:
    assert COLUMNS.name("BILL") == "bill of May"
    assert COLUMNS.name("ODD") == "(no beginning)"
    assert COLUMNS.name("not listed") == "not listed"


def test_two_columns_are_never_called_the_same() -> None:
    assert COLUMNS.name("NET") == "income, net"
    assert COLUMNS.name("GROSS") == "income, gross"


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("PAY", 2, "two months late (2)"),
        ("PAY", 2.0, "two months late (2)"),
        ("PAY", "2", "two months late (2)"),
        ("PAY", 3, "3"),
        ("BILL", 20000, "20,000 NT$"),
        ("BILL", None, "missing"),
        ("not listed", 2.5, "2.5"),
    ],
)
def test_a_value_is_written_with_its_meaning_or_unit(
    column: str, value: object, expected: str
) -> None:
    assert COLUMNS.value(column, value) == expected


def test_a_code_is_quoted_inside_a_sentence() -> None:
    assert COLUMNS.quoted("PAY", 2.0) == "“two months late”"
    assert COLUMNS.quoted("BILL", 20000) == "20,000 NT$"


def test_the_identifier_is_known() -> None:
    assert COLUMNS.is_identifier("ID")
    assert not COLUMNS.is_identifier("PAY")
    assert not COLUMNS.is_identifier("")
