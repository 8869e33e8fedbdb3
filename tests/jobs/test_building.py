"""What the features of a team may be: whole, in order, and honest about protected attributes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from regulated_ml.jobs import building
from regulated_ml.jobs.columns import Column, Columns
from regulated_ml.jobs.contract import JobError
from regulated_ml.jobs.features import Feature, raw_features

from .clients import COLUMNS, clients

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")  # teams use it all the same
Change = Callable[[pd.DataFrame, pd.DataFrame], Any]


def build(change: Change) -> building.Build:
    """A `build_features` that changes the raw features; it is given the clients too."""

    def build_features(clients: pd.DataFrame, columns: Columns) -> Any:
        return change(raw_features(clients, columns), clients)

    return build_features


def sorts_its_argument(_: pd.DataFrame, clients: pd.DataFrame) -> pd.DataFrame:
    """Changes the clients themselves, so that features and clients agree with each other."""
    clients.sort_values("limit", inplace=True)
    return clients[["limit", "status"]]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f, _: f.sort_values("limit"), "gives rows in another order, or with another index"),
        (sorts_its_argument, "gives rows in another order, or with another index"),
        (lambda f, _: f.set_axis(range(1, 301)), "gives rows in another order, or with another"),
        (lambda f, _: f.dropna(subset="status").head(285), "gives 285 rows for 300 clients: it"),
        (lambda f, _: pd.concat([f, f]), "gives 600 rows for 300 clients: it has to give one row"),
        (lambda f, _: pd.concat([f, f[["limit"]]], axis=1), "gives limit more than once: each"),
        (lambda f, c: f.assign(paid=c["paid"] == "no"), "gives the label paid as a feature"),
        (lambda f, _: None, "gives NoneType, not a table of features"),
    ],
)
def test_features_that_are_not_one_row_for_each_client_are_refused(
    change: Change, sentence: str
) -> None:
    with pytest.raises(JobError) as error:
        building.built(build(change), clients(300), COLUMNS)
    assert str(error.value).startswith(f"build_features {sentence}")


def test_the_clients_are_left_as_they_are() -> None:
    table = clients(100)
    with pytest.raises(JobError):
        building.built(build(sorts_its_argument), table, COLUMNS)
    pd.testing.assert_frame_equal(table, clients(100))


DERIVED: dict[str, Change] = {
    "a band": lambda f, c: f.assign(own=c["age"] // 10),
    "a copy": lambda f, c: f.assign(own=c["age"]),
    "a share of something else": lambda f, c: f.assign(own=c["limit"] / c["age"]),
    "where another is missing": lambda f, c: f.assign(own=f["limit"].fillna(c["age"])),
    "a group's mean": lambda f, c: f.assign(
        own=c.groupby(c["age"] > 50)["status"].transform("mean")
    ),
    "only for a few": lambda f, c: f.assign(own=(c["age"] == c["age"].max()) & (c["status"] > 2)),
}


@pytest.mark.parametrize("change", DERIVED.values(), ids=DERIVED)
def test_a_feature_made_from_a_protected_column_has_to_be_declared(change: Change) -> None:
    table, function = clients(3_000), build(change)
    own = Feature("own", description="own", reason="Your own")
    with pytest.raises(JobError) as error:
        building.refuse_undeclared(function, table, COLUMNS, [own])
    assert str(error.value) == (
        "the feature own depends on the protected attribute age: declare it with protected=True in "
        "OWN in features.py, so that it is never told as a reason, or leave it out"
    )
    declared = Feature("own", description="own", protected=True)
    building.refuse_undeclared(function, table, COLUMNS, [declared])


def test_features_that_use_no_protected_column_depend_on_none() -> None:
    function = build(lambda f, c: f.assign(used=c["limit"].rank(), late=c["status"] > 0))
    assert building.dependent(function, clients(3_000), COLUMNS) == {}


def test_all_attributes_that_a_feature_depends_on_are_named() -> None:
    sex = Column("sex", "category", "protected")
    columns = Columns([*COLUMNS, sex])
    table = clients(500).assign(sex=np.arange(500) % 2)
    function = build(lambda f, c: f.assign(both=c["age"] * c["sex"], one=c["sex"]))
    assert building.dependent(function, table, columns) == {
        "both": ["age", "sex"], "one": ["sex"],
    }  # fmt: skip


def test_a_code_of_a_single_client_among_many_is_seen() -> None:
    table = pd.concat([clients(3_000)] * 30, ignore_index=True)
    table.loc[77_777, "age"] = 101
    function = build(lambda f, c: f.assign(oldest=c["age"] > 100))
    assert building.dependent(function, table, COLUMNS) == {"oldest": ["age"]}
