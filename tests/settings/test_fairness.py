"""The groups that model.yaml names for protected attributes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from regulated_ml.errors import UserError
from regulated_ml.settings import load

BANDS = "AGE: [26, 36, 46, 56]"


@pytest.fixture
def bands(repository: Path) -> Callable[[str], Path]:
    """The repository with other bands."""

    def replace(text: str) -> Path:
        path = repository / "config/model.yaml"
        content = path.read_text(encoding="utf-8")
        assert content.count(BANDS) == 1
        path.write_text(content.replace(BANDS, text), encoding="utf-8")
        return repository

    return replace


def test_the_bands_and_the_smallest_group_are_read(sample: Path) -> None:
    fairness = load(sample).model.fairness
    assert fairness.bands == {"AGE": (26, 36, 46, 56)}
    assert fairness.smallest_group == 100


def test_a_repository_that_names_none_has_them_by_default(repository: Path) -> None:
    path = repository / "config/model.yaml"
    before, _, rest = path.read_text(encoding="utf-8").partition("fairness:")
    path.write_text(before + rest[rest.index("\n\n") :], encoding="utf-8")
    assert load(repository).model.fairness.bands == {}


def test_bands_left_from_another_table_do_no_harm(bands: Callable[[str], Path]) -> None:
    assert load(bands("CUSTOMER_TENURE: [2, 5]")).model.fairness.bands


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        ("SEX: [1]", "fairness.bands", "bands are of a protected number: AGE"),
        ("AGEE: [26]", "fairness.bands", "bands are of a protected number: AGE"),
        ("LIMIT_BAL: [26]", "fairness.bands", "bands are of a protected number: AGE"),
        ("AGE: [36, 26]", "fairness.bands.AGE", "each band begins above the one before it"),
        ("AGE: [26, 26]", "fairness.bands.AGE", "each band begins above the one before it"),
        ("AGE: []", "fairness.bands.AGE", "at least one number"),
        ("AGE: [.nan]", "fairness.bands.AGE.1", "finite number"),
        ("AGE: [young]", "fairness.bands.AGE.1", "valid number"),
    ],
)
def test_bands_that_cannot_be_are_named(
    bands: Callable[[str], Path], text: str, field: str, rule: str
) -> None:
    with pytest.raises(UserError) as caught:
        load(bands(text))
    (problem,) = caught.value.problems
    assert problem.field == f"config/model.yaml: {field}"
    assert rule in problem.rule


def test_a_group_that_is_too_small_for_any_figure_is_refused(repository: Path) -> None:
    path = repository / "config/model.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("smallest_group: 100", "smallest_group: 29"), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load(repository)
    assert caught.value.problems[0].field == "config/model.yaml: fairness.smallest_group"
