"""The configuration can be read, and its parts fit each other."""

from regulated_ml.settings import Settings


def test_the_label_says_what_it_means(settings: Settings) -> None:
    label = settings.dataset.label
    assert label.positive in label.values


def test_every_feature_can_be_a_reason(settings: Settings) -> None:
    assert [column.name for column in settings.dataset.features if not column.reason] == []


def test_no_protected_attribute_is_a_reason(settings: Settings) -> None:
    assert [column.name for column in settings.dataset.protected if column.reason] == []
