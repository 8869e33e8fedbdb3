"""The features: what training and scoring both rely on, whatever they are."""

import importlib
from typing import Any

import pandas as pd
import pytest
from conftest import Run

from regulated_ml.jobs.columns import Columns
from regulated_ml.settings import Settings


@pytest.fixture(scope="module")
def features(settings: Settings) -> Any:
    """The team's module features.py."""
    return importlib.import_module(f"{settings.project.package_name}.features")


@pytest.fixture(scope="module")
def columns(settings: Settings) -> Columns:
    """The columns of the table, as a job is told them."""
    return Columns.from_json(column.model_dump(mode="json") for column in settings.dataset.columns)


@pytest.fixture
def clients(run: Run) -> pd.DataFrame:
    """Some clients of the twin."""
    return pd.read_parquet(run.root / "twin.parquet").head(50)


def test_every_feature_is_a_number(features: Any, clients: pd.DataFrame, columns: Columns) -> None:
    built = features.build_features(clients, columns)
    assert len(built) == len(clients)
    assert list(built.select_dtypes("number")) == list(built)


def test_a_client_alone_has_the_features_it_has_among_others(
    features: Any, clients: pd.DataFrame, columns: Columns
) -> None:
    # Training sees a table and an endpoint one client: both must mean the same.
    together = features.build_features(clients, columns)
    alone = [features.build_features(clients.iloc[[row]], columns) for row in range(len(clients))]
    pd.testing.assert_frame_equal(pd.concat(alone), together)


def test_the_table_is_left_as_it_is(features: Any, clients: pd.DataFrame, columns: Columns) -> None:
    before = clients.copy(deep=True)
    features.build_features(clients, columns)
    pd.testing.assert_frame_equal(clients, before)


def test_features_of_your_own_are_described(features: Any, settings: Settings) -> None:
    names = {column.name for column in settings.dataset.columns}
    for own in features.OWN:
        assert own.name not in names
        assert own.description and (own.reason or own.protected), own.name
