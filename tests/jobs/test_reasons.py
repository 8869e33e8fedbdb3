"""What a declined client is told."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from regulated_ml.jobs import reasons
from regulated_ml.jobs.features import Feature

# Two features share a text, one is protected, one has a description only, one a name only.
FEATURES = (
    Feature("status", reason="A payment was late"),
    Feature("status_before", reason="A payment was late"),
    Feature("age", reason="Your age", protected=True),
    Feature("limit", description="credit limit"),
    Feature("bill"),
)
CONTRIBUTIONS = arrays.arrays(
    np.float32,
    st.tuples(st.integers(0, 5), st.just(5)),
    elements=st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 3.0]),
)


def by_hand(pushes: Any, most: int) -> list[tuple[str, float]]:
    """The reasons of one client, the slow way."""
    strongest: dict[str, float] = {}
    for feature, push in zip(FEATURES, pushes.tolist(), strict=True):
        if push > 0 and not feature.protected:
            words = reasons.text(feature)
            strongest[words] = max(push, strongest.get(words, 0.0))
    return sorted(strongest.items(), key=lambda item: -item[1])[:most]


def told(pushes: Any, most: int) -> list[list[tuple[str, float]]]:
    """The reasons of each client."""
    chosen = reasons.choose(pushes, FEATURES, most)
    return [
        [(reasons.text(FEATURES[place]), push) for place, push in chosen.of_client(row)]
        for row in range(len(pushes))
    ]


def test_the_strongest_pushes_towards_decline_come_first() -> None:
    pushes = np.array([[0.2, 0.1, 9.0, 0.4, -1.0]], np.float32)
    (client,) = told(pushes, 4)
    assert [words for words, _ in client] == ["credit limit", "A payment was late"]


def test_the_feature_that_is_named_is_the_stronger_of_those_with_one_text() -> None:
    chosen = reasons.choose(np.array([[0.1, 0.3, 0, 0, 0]], np.float32), FEATURES, 4)
    ((place, push),) = chosen.of_client(0)
    assert (FEATURES[place].name, push) == ("status_before", np.float32(0.3))


@given(CONTRIBUTIONS, st.integers(1, 6))
def test_every_client_is_told_what_one_would_choose_by_hand(pushes: Any, most: int) -> None:
    for client, row in zip(told(pushes, most), pushes, strict=True):
        expected = by_hand(row, most)
        # Among equally strong reasons either may come first, or be the one left out.
        assert [push for _, push in client] == [push for _, push in expected]
        assert len({words for words, _ in client}) == len(client)
        assert dict(client).items() <= dict(by_hand(row, 99)).items()


@given(CONTRIBUTIONS)
def test_a_protected_attribute_is_never_told(pushes: Any) -> None:
    chosen = reasons.choose(pushes, FEATURES, 5)
    assert 2 not in chosen.places


def test_what_was_told_and_withheld_is_counted_over_all_parts() -> None:
    counts = reasons.Counts(FEATURES, 2)
    part = np.array([[1, 0, 3, 0, 0], [1, 0, 0, 0, -1], [-1, -1, 2, -1, -1]], np.float32)
    counts.add(part)
    counts.add(part[:1])
    assert counts.declined == 4
    assert counts.named.tolist() == [3, 0, 0, 0, 0]
    assert counts.withheld.tolist() == [0, 0, 3, 0, 0]


def test_where_every_feature_is_protected_nothing_is_told() -> None:
    features = [Feature("age", protected=True), Feature("sex", protected=True)]
    chosen = reasons.choose(np.ones((3, 2), np.float32), features, 4)
    assert [chosen.of_client(row) for row in range(3)] == [[], [], []]
