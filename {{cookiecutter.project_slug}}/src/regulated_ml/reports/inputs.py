"""What the site is made from: plain content of records and of the jobs' JSON, and nothing else.

The same input gives the same bytes, so no time, user or machine is asked here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from regulated_ml.reports.words import Vocabulary

Json = Mapping[str, Any]


class State(NamedTuple):
    """How a page says what its data are."""

    key: str
    label: str  # in capitals, on every page, in its title and on every printed sheet
    sentence: str


# From the strongest claim to the weakest. A page claims no more than its weakest input allows.
STATES = (
    State("real", "REAL DATA", "The table is the one whose hash config/dataset.yaml names."),
    State(
        "unverified",
        "UNVERIFIED DATA",
        "The table is not the one whose hash config/dataset.yaml names: where it comes from is not "
        "proven.",
    ),
    State(
        "synthetic",
        "SYNTHETIC TWIN",
        "Every row was drawn from an aggregate profile. No figure here describes a real client, "
        "and none may support a decision.",
    ),
)
REAL, UNVERIFIED, SYNTHETIC = STATES


def weakest(keys: Iterable[str]) -> State:
    """The weakest of some states; one that is not known counts as unverified."""
    places = {state.key: place for place, state in enumerate(STATES)}
    return STATES[max(places.get(key, places[UNVERIFIED.key]) for key in keys)]


@dataclass(frozen=True)
class SiteInput:
    """The content of one site.

    `data`: name, state, rows, fingerprint, license, citation. `records`: one mapping a run, as its
    record.json. `description` and `check`: of `rml data describe` and `rml data check`. `training`,
    `evaluation`, `fairness`, `stability`, `sensitivity`, `explanation`: the jobs' JSON. A part that
    is None has not been made; its page is left out and the start page names the command that makes
    it. `exceptions`: those from controls that are in force, of `regulated_ml.security.exceptions`.
    """

    project_name: str
    owner: str
    classification: str
    environment: str
    data: Json
    records: Sequence[Json] = ()
    description: Json | None = None
    check: Json | None = None
    training: Json | None = None
    evaluation: Json | None = None
    fairness: Json | None = None
    stability: Json | None = None
    sensitivity: Json | None = None
    explanation: Json | None = None
    exceptions: Sequence[Json] = ()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    show_identifiers: bool = False

    @property
    def state(self) -> State:
        """The weakest state of the data and of all runs: a twin anywhere makes it a twin's site."""
        claimed = [self.data, *(record.get("data") or {} for record in self.records)]
        return weakest(str(each.get("state", "")) for each in claimed)
