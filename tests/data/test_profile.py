"""A profile holds aggregates over twenty clients and more, and whoever tampers with it is told."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from regulated_ml.data import profile, profiling, tables
from regulated_ml.data.grouping import grouped
from regulated_ml.data.margins import TooRareError, encode
from regulated_ml.data.profile import MINIMUM_CLIENTS, Profile
from regulated_ml.data.trees import Walk
from regulated_ml.errors import UserError
from regulated_ml.settings import Dataset, Settings

from .conftest import ROOT, loan_lines

Write = Callable[..., Path]
SHIPPED = ROOT / "config/dataset-profile.json"


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    """The profile that the template comes with, as plain JSON."""
    content: dict[str, Any] = json.loads(SHIPPED.read_text(encoding="utf-8"))
    return content


@pytest.fixture
def made(write: Write, loans: Dataset) -> Profile:
    """The profile of three thousand loans."""
    table = tables.read(write(loan_lines(3000)), loans)
    return profiling.make(table, loans, "0" * 64, np.arange(len(table)), "all rows")


def counts(content: Any, key: str = "") -> Iterator[int]:
    """Every number of clients in a profile, found by the names of its keys."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from counts(value, name)
    elif isinstance(content, list):
        if key == "leaves":
            yield from (clients for leaf in content for _first, _last, clients in leaf)
        elif key == "clients":
            yield from content
        else:
            for value in content:
                yield from counts(value, key)


def test_the_shipped_profile_has_no_aggregate_of_fewer_than_twenty_clients(
    shipped: dict[str, Any],
) -> None:
    found = list(counts(shipped))
    assert len(found) > 10_000
    assert min(found) >= MINIMUM_CLIENTS == 20
    assert SHIPPED.stat().st_size < 300_000


def test_all_clients_of_a_column_are_in_its_cells_and_in_its_leaves(
    shipped: dict[str, Any],
) -> None:
    for column in shipped["columns"]:
        assert sum(column["margin"]["clients"]) == shipped["rows"] == 24_000
        assert sum(c for leaf in column["leaves"] for _, _, c in leaf) == 24_000
    for tree in shipped["label"]["trees"]:
        assert sum(tree["clients"]) == 24_000


def test_leaves_of_any_profile_hold_at_least_twenty_clients(made: Profile) -> None:
    assert min(counts(json.loads(profile.dumps(made)))) >= MINIMUM_CLIENTS


@pytest.fixture
def training_rows(real_table: Path, credit: Dataset) -> pd.DataFrame:
    """The rows of the real table that the shipped profile may know."""
    frame = tables.read(real_table, credit).to_pandas()
    label = frame[credit.label.name]
    kept, _ = train_test_split(frame, test_size=0.2, random_state=42, stratify=label)
    return kept


def test_the_shipped_profile_is_that_of_the_training_rows(
    real_table: Path, training_rows: pd.DataFrame, credit: Dataset, shipped: dict[str, Any]
) -> None:
    table = tables.read(real_table, credit)
    rows = training_rows.index.to_numpy().copy()
    rows.sort()
    made = profiling.make(table, credit, credit.source.sha256, rows, shipped["selection"])
    assert profile.dumps(made) == SHIPPED.read_text(encoding="utf-8")


def test_every_value_in_the_profile_is_shared_or_averaged(
    training_rows: pd.DataFrame, credit: Dataset, shipped: dict[str, Any]
) -> None:
    """Independent of how cells are made: what stands there is held by 20 clients, or by nobody
    in particular, because it is the mean of the 20 lowest or highest in its interval."""
    for column in shipped["columns"]:
        values = np.sort(training_rows[column["name"]].to_numpy())
        margin, step = column["margin"], column["margin"]["step"]
        shared = {v for v, n in zip(*np.unique(values, return_counts=True), strict=True) if n >= 20}
        if credit.column(column["name"]).values:  # codes have no mean
            assert set(margin["low"]) == set(margin["high"]) == shared
            continue
        means = np.convolve(values, np.ones(20) / 20, "valid")
        for low, high in zip(margin["low"], margin["high"], strict=True):
            if low == high and low in shared:
                continue
            nearest = [np.abs(means - end).min() for end in (low, high)]
            assert max(nearest) <= step / 2 + 1e-9, (column["name"], low, high)


def test_the_ends_of_a_column_are_not_those_of_fewer_than_twenty_clients(
    training_rows: pd.DataFrame, shipped: dict[str, Any]
) -> None:
    for column in shipped["columns"]:
        values = training_rows[column["name"]]
        lowest, highest = column["margin"]["low"][0], column["margin"]["high"][-1]
        assert (values <= lowest).sum() >= 10
        assert (values >= highest).sum() >= 10
        for end in (values.min(), values.max()):
            if (values == end).sum() < MINIMUM_CLIENTS:
                assert end not in (lowest, highest), column["name"]


@given(
    st.lists(st.integers(-50, 50) | st.floats(-1e6, 1e6).map(lambda x: round(x, 2)), min_size=20),
    st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_cells_cover_their_values_in_order(numbers: list[float], codes: bool) -> None:
    values = np.array(numbers, np.float64)
    missing = np.zeros(len(values), bool)
    try:
        margin, cells, ranks = encode(values, missing, codes=codes)
    except TooRareError:
        assert codes
        assert max(Counter(numbers).values()) < MINIMUM_CLIENTS
        return
    assert min(margin.clients) >= MINIMUM_CLIENTS
    assert np.bincount(cells, minlength=len(margin.clients)).tolist() == list(margin.clients)
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(cells[order]) >= 0)
    assert np.all(np.diff(ranks[order]) >= 0)
    ends = [end for pair in zip(margin.low, margin.high, strict=True) for end in pair]
    assert ends == sorted(ends)
    unit = margin.step / margin.scale
    assert values.min() - unit <= ends[0] <= ends[-1] <= values.max() + unit


@given(st.lists(st.integers(1, 45), min_size=1, max_size=25), st.booleans(), st.randoms())
@settings(max_examples=200, deadline=None)
def test_every_single_value_is_shared_and_every_end_a_mean(
    sizes: list[int], codes: bool, chance: random.Random
) -> None:
    """With each value held by so many clients; primes and tenths have no mean in common."""
    assume(sum(sizes) >= MINIMUM_CLIENTS)
    distinct = np.cumsum([chance.choice((0.1, 7, 1009)) for _ in sizes]).round(1)
    values = np.repeat(distinct, sizes)
    held = dict(zip(distinct.tolist(), sizes, strict=True))
    means = np.convolve(values, np.ones(20) / 20, "valid")
    try:
        margin = encode(values, np.zeros(len(values), bool), codes=codes).margin
    except TooRareError:
        assert codes
        assert max(sizes) < MINIMUM_CLIENTS
        return
    for end in {*margin.low, *margin.high}:
        shared = held.get(float(end), 0) >= MINIMUM_CLIENTS
        averaged = not codes and np.abs(means - end).min() <= margin.step / margin.scale / 2 + 1e-9
        assert shared or averaged


def with_regions(lines: list[str], region: Callable[[int], str]) -> list[str]:
    """The loans with other texts in the column that has no declared values."""
    rows = [line.split(",") for line in lines]
    return [",".join([*row[:6], region(n), row[7]]) for n, row in enumerate(rows)]


def test_a_column_of_names_has_no_profile(write: Write, loans: Dataset) -> None:
    named = with_regions(loan_lines(500), lambda n: f"secret person {n}")
    table = tables.read(write(named), loans)
    with pytest.raises(UserError, match="region") as caught:
        profiling.make(table, loans, "0" * 64, np.arange(500), "all")
    (problem,) = caught.value.problems
    assert "declare its values" in problem.fix
    assert "ignored" in problem.fix
    assert "secret" not in str(problem)


def test_a_text_is_named_only_where_twenty_clients_share_it(write: Write, loans: Dataset) -> None:
    chance = random.Random(3)
    towns = with_regions(loan_lines(600), lambda n: f"town{int(chance.triangular(0, 40, 0))}")
    held = Counter(line.split(",")[6] for line in towns)
    table = tables.read(write(towns), loans)
    made = profiling.make(table, loans, "0" * 64, np.arange(600), "all")
    (margin,) = (column.margin for column in made.columns if column.name == "region")
    assert set(margin.low) == {town for town, count in held.items() if count >= 20}
    assert sum(margin.clients) == 600
    assert min(held.values()) < 20


def test_missing_values_are_a_cell_where_there_are_enough_of_them() -> None:
    values = np.arange(200.0)
    for count, told in ((0, False), (19, False), (20, True), (190, True)):
        missing = np.arange(200) < count
        margin, cells, _ = encode(values, missing, codes=False)
        assert (margin.low[-1] is None) == told
        assert sum(margin.clients) == (200 if told else 200 - count)
        assert cells.max() < len(margin.clients)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=60), st.integers(1, 30))
def test_groups_hold_every_row_once(sizes: list[int], groups: int) -> None:
    counts_ = np.array(sizes)
    found = grouped(counts_, groups, 20)
    if counts_.sum() < 20:
        assert found == [] or sum(g.rows for g in found) == counts_.sum()
        return
    assert sum(group.rows for group in found) == counts_.sum()
    assert min(group.rows for group in found) >= 20
    for before, after in pairwise(found):
        assert before.first <= before.last < after.first <= after.last


def test_a_walk_finds_the_leaf_that_the_rules_lead_to() -> None:
    tree = profile.Tree(
        column=(0, 0, 1, 0, 0), cell=(3, 0, 5, 0, 0), left=(1, 1, 3, 3, 4), right=(2, 1, 4, 3, 4)
    )
    cells = np.array([[0, 3, 4, 4], [9, 9, 5, 6]], np.int32)
    assert Walk.of(tree).nodes(cells).tolist() == [1, 1, 3, 4]
    assert Walk.of(tree).leaf[[1, 3, 4]].tolist() == [0, 1, 2]


def test_a_profile_survives_writing_and_reading(
    made: Profile, loans: Dataset, tmp_path: Path
) -> None:
    profile.save(made, tmp_path / "p.json")
    assert profile.load(tmp_path / "p.json", loans)[0] == made


def test_the_same_table_makes_the_same_profile(write: Write, loans: Dataset) -> None:
    table = tables.read(write(loan_lines(500)), loans)
    texts = {
        profile.dumps(profiling.make(table, loans, "0" * 64, np.arange(500), "all"))
        for _ in range(2)
    }
    assert len(texts) == 1


def test_texts_missing_values_and_times_are_described_and_the_rest_is_left_out(
    made: Profile,
) -> None:
    columns = {column.name: column.margin for column in made.columns}
    assert list(columns) == ["granted", "amount", "grade", "term", "region"]
    assert columns["grade"].low == ("A", "B", "C", "X")
    assert set(columns["region"].low) == {"north", "south", "Zürich", None}
    assert columns["amount"].low[-1] is None
    assert columns["amount"].scale == 100  # cents
    assert columns["term"].low == (12, 24, 36, 60)
    assert columns["granted"].step % 86_400_000 == 0  # whole days
    assert "L000001" not in profile.dumps(made)


def broken(content: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of a profile with one entry replaced."""
    copy: dict[str, Any] = json.loads(json.dumps(content))
    *way, last = path.split(".")
    place: Any = copy
    for step in way:
        place = place[int(step) if step.isdigit() else step]
    place[int(last) if last.isdigit() else last] = value
    return copy


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("format", "regulated_ml.profile/2", "format"),
        ("columns.0.margin.clients.0", 19, "greater than or equal to 20"),
        ("columns.3.leaves.0", [[0, 0, 5]], "greater than or equal to 20"),
        ("columns.3.leaves.0", [[0, 10_000, 50]], "within the cells"),
        ("columns.3.leaves", [], "each leaf"),
        ("columns.3.tree.left.0", 0, "come after it"),
        ("columns.3.tree.right.0", 9999, "come after it"),
        ("columns.1.tree.column.0", 22, "earlier columns"),
        ("columns.0.margin.low", [1], "same length"),
        ("label.trees.0.clients.0", 3, "greater than or equal to 20"),
        ("label.trees.0.tree.column.0", 99, "columns of the profile"),
        ("label.rate", 2, "less than or equal to 1"),
        ("columns.0.name", "INCOME", "columns of config/dataset.yaml"),
        ("columns.0.margin.low.0", "ten", "values of type integer"),
        ("label.positive", 7, "two codes"),
        ("surprise", 1, "surprise"),
    ],
)
def test_a_profile_that_breaks_a_promise_is_refused(
    shipped: dict[str, Any], credit: Dataset, tmp_path: Path, path: str, value: Any, words: str
) -> None:
    target = tmp_path / "p.json"
    if path == "surprise":
        target.write_text(json.dumps({**shipped, "surprise": value}))
    else:
        target.write_text(json.dumps(broken(shipped, path, value)))
    with pytest.raises(UserError) as caught:
        profile.load(target, credit)
    (problem,) = caught.value.problems
    assert words in f"{problem.field} {problem.rule}"
    assert "rml data profile" in problem.fix


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{}"])
def test_a_file_that_is_no_profile_is_refused(
    credit: Dataset, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "p.json").write_bytes(content)
    with pytest.raises(UserError, match="a profile in the format"):
        profile.load(tmp_path / "p.json", credit)


def test_test_rows_are_not_looked_at(settings: Settings, write: Write, loans: Dataset) -> None:
    path = write(loan_lines(1000))
    mine = settings.model_copy(update={"dataset": loans})
    made = profiling.of_file(path, mine, lambda *_: None, all_rows=False)
    assert (made.rows, made.table_rows, made.selection) == (
        800, 1000, "all but the 20% for the test; stratified by the label, seed 42",
    )  # fmt: skip
    assert profiling.of_file(path, mine, lambda *_: None, all_rows=True).rows == 1000


def test_a_table_that_breaks_its_schema_has_no_profile(
    settings: Settings, write: Write, loans: Dataset
) -> None:
    path = write([*loan_lines(100), "L9,2025-01-01,5,Q,12,x,north,no"])
    mine = settings.model_copy(update={"dataset": loans})
    with pytest.raises(UserError, match="keeps its schema"):
        profiling.of_file(path, mine, lambda *_: None, all_rows=True)


@pytest.mark.parametrize("rows", [5, 30])
def test_too_few_rows_are_told_as_such(write: Write, loans: Dataset, rows: int) -> None:
    table = tables.read(write(loan_lines(rows)), loans)
    with pytest.raises(UserError, match="20 rows or more of each"):
        profiling.make(table, loans, "0" * 64, np.arange(rows), "all")
