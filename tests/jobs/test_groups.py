"""The groups of a sample's rows by protected columns, and its periods."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulated_ml.jobs import groups
from regulated_ml.jobs.columns import Column
from regulated_ml.jobs.contract import JobError

AGE = Column("age", "integer", "protected")
SEX = Column("sex", "category", "protected", values={"1": "male", "2": "female"})


def sample(folder: Path, **columns: Any) -> Path:
    """A sample with these measurements."""
    pd.DataFrame(columns).to_parquet(folder / "measurements.parquet")
    return folder


def named(found: groups.Attribute) -> list[str]:
    """The group of each row."""
    return [found.groups[place] for place in found.places.tolist()]


def of(folder: Path, column: Column, bands: Any = None) -> groups.Attribute:
    """The groups by one column."""
    edges = groups.edges(folder, [column], bands or {})
    (found,) = groups.attributes(folder, [column], edges)
    return found


def test_numbers_are_put_into_the_bands_of_model_yaml(tmp_path: Path) -> None:
    sample(tmp_path, age=[18, 25, 26, 35, 36, 90])
    found = of(tmp_path, AGE, {"age": [26, 36]})
    young, middle, old = "25 and under", "26 to 35", "36 and over"
    assert named(found) == [young, young, middle, middle, old, old]
    assert found.sizes.tolist() == [2, 2, 2]


def test_numbers_with_a_fraction_say_where_a_band_ends(tmp_path: Path) -> None:
    sample(tmp_path, age=[0.5, 1.4999, 1.5, 2.0])
    found = of(tmp_path, Column("age", "number", "protected"), {"age": [1.5, 2]})
    assert named(found) == ["under 1.5", "under 1.5", "1.5 to under 2", "2 and over"]


def test_a_number_without_bands_is_divided_by_its_quarters(tmp_path: Path) -> None:
    sample(tmp_path, age=range(20, 60))
    assert of(tmp_path, AGE).sizes.tolist() == [9, 10, 10, 11]
    sample(tmp_path, age=[30] * 40)
    assert named(of(tmp_path, AGE)) == ["all"] * 40


def test_what_is_missing_is_a_group_of_its_own(tmp_path: Path) -> None:
    sample(tmp_path, age=[20.0, None, 40.0], sex=pd.array([1, 2, None], "Int64"))
    assert named(of(tmp_path, AGE, {"age": [30]})) == ["29 and under", "missing", "30 and over"]
    assert named(of(tmp_path, SEX)) == ["male", "female", "missing"]
    sample(tmp_path, age=pd.array([None, None], "float64"))
    assert named(of(tmp_path, AGE)) == ["missing", "missing"]


def test_codes_are_called_by_their_words_and_strangers_by_themselves(tmp_path: Path) -> None:
    sample(tmp_path, sex=[2, 7, 1, 2])
    found = of(tmp_path, SEX)
    assert found.groups == ("male", "female", "7")
    assert named(found) == ["female", "7", "male", "female"]
    # As a number with a point, as a text, and as pandas' own category.
    for values in ([2.0, 1.0], ["2", "1"], pd.Categorical(["2", "1"])):
        sample(tmp_path, sex=values)
        assert named(of(tmp_path, SEX)) == ["female", "male"]


def test_two_codes_with_the_same_words_stay_apart(tmp_path: Path) -> None:
    column = Column(
        "m", "category", "protected", values={"0": "other", "3": "other", "x": "missing"}
    )
    sample(tmp_path, m=["0", "3", "x", None])
    assert named(of(tmp_path, column)) == ["other (0)", "other (3)", "missing (x)", "missing"]


def test_a_date_counts_by_its_year(tmp_path: Path) -> None:
    sample(tmp_path, born=pd.to_datetime(["1950-12-31", "1980-01-01", "1979-12-31"]))
    found = of(tmp_path, Column("born", "date", "protected"), {"born": [1980]})
    assert named(found) == ["1979 and under", "1980 and over", "1979 and under"]


def test_the_groups_of_two_samples_go_by_the_same_names(tmp_path: Path) -> None:
    for name, codes in (("a", [1, 7]), ("b", [2, None])):
        (tmp_path / name).mkdir()
        sample(tmp_path / name, sex=pd.array(codes, "Int64"))
    one, other = groups.paired(of(tmp_path / "a", SEX), of(tmp_path / "b", SEX))
    assert one.groups == other.groups == ("male", "female", "7", "missing")
    assert (named(one), named(other)) == (["male", "7"], ["female", "missing"])


def test_rows_are_divided_into_periods_of_whole_days(tmp_path: Path) -> None:
    days = pd.to_datetime(["2025-01-01"] * 5 + ["2025-01-02"] * 5 + ["2025-03-01"] * 20)
    sample(tmp_path, opened=days)
    found: Any = groups.periods(tmp_path, [Column("opened", "date", "time")])
    assert dict(zip(found.groups, found.sizes.tolist(), strict=True)) == {
        "2025-01-01": 5,
        "2025-01-02": 5,
        "2025-03-01": 20,
    }
    assert groups.periods(tmp_path, []) is None


def test_a_time_can_be_a_number(tmp_path: Path) -> None:
    sample(tmp_path, month=np.repeat(np.arange(202501, 202513), 10))
    found: Any = groups.periods(tmp_path, [Column("month", "integer", "time")])
    assert len(found.groups) == 6
    assert found.groups[0] == "202501"
    assert found.groups[1] == "202502 to 202503"


def test_a_time_without_a_value_has_no_periods(tmp_path: Path) -> None:
    sample(tmp_path, opened=pd.array([None, None], "datetime64[ns]"), month=[np.nan, np.nan])
    assert groups.periods(tmp_path, [Column("opened", "date", "time")]) is None
    assert groups.periods(tmp_path, [Column("month", "integer", "time")]) is None


def test_a_column_that_was_not_measured_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample(tmp_path, sex=[1])
    assert groups.measured(tmp_path, [SEX, AGE]) == [SEX]
    assert "age was not yet protected when these rows were prepared" in capsys.readouterr().err


def test_measurements_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"measurements.parquet cannot be read"):
        groups.measured(tmp_path, [SEX])
    (tmp_path / "measurements.parquet").write_bytes(b"PAR1no")
    with pytest.raises(JobError, match=r"measurements.parquet cannot be read"):
        groups.measured(tmp_path, [SEX])
    sample(tmp_path, age=["old", "young"])
    with pytest.raises(JobError, match="age holds values that are no integer"):
        of(tmp_path, AGE)


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.one_of(st.none(), st.integers(-5, 120)), min_size=1, max_size=40),
    edges=st.lists(st.integers(0, 100), min_size=1, max_size=6, unique=True).map(sorted),
)
def test_each_row_is_in_the_one_band_that_covers_it(
    tmp_path_factory: pytest.TempPathFactory, values: list[int | None], edges: list[int]
) -> None:
    folder = sample(tmp_path_factory.mktemp("bands"), age=pd.array(values, "Int64"))
    found = of(folder, AGE, {"age": edges})
    for value, place in zip(values, found.places.tolist(), strict=True):
        if value is None:
            assert found.groups[place] == "missing"
            continue
        begins = [-(10**9), *edges, 10**9]
        assert begins[place] <= value < begins[place + 1]


def test_dates_are_read_as_days(tmp_path: Path) -> None:
    sample(tmp_path, opened=[date(2025, 1, 1), date(2025, 1, 2)])
    found: Any = groups.periods(tmp_path, [Column("opened", "date", "time")])
    assert found.groups == ("2025-01-01", "2025-01-02")
