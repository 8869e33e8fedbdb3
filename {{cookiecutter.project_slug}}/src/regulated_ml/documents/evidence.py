"""What the documents of a version are made from: plain content, gathered by whoever calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from regulated_ml.documents.structure import Open
from regulated_ml.reports.elements import Section
from regulated_ml.reports.inputs import SiteInput
from regulated_ml.reports.pages import explanation, fairness, model, robustness
from regulated_ml.settings import Settings
from regulated_ml.settings.documents import Documents
from regulated_ml.tracking.records import Commit, Identity, Record
from regulated_ml.tracking.registry import Version

Json = Mapping[str, Any]


class GateRow(NamedTuple):
    """A gate of model.yaml, and whether the version keeps it."""

    metric: str
    bound: str  # at least 0.7
    value: Any  # None: no record has the metric
    kept: bool


class Package(NamedTuple):
    """A package that was installed when the model was trained."""

    name: str
    version: str
    license: str  # empty: not known
    needed: bool  # at run time; others are tools of developers


@dataclass(frozen=True)
class Evidence:
    """A version, its runs, what they found, and what persons have written."""

    settings: Settings
    version: Version
    runs: Mapping[str, Record]  # by their step
    others: Sequence[Record]  # evaluations of this model on samples of a validator's own
    site: SiteInput  # what the pages are drawn from: of this version
    summary: Json | None  # of the preparation
    gates: Sequence[GateRow]
    packages: Sequence[Package]
    open: tuple[Open, ...]
    texts: Commit  # of the folder that config/documents.yaml and the gates were read from
    approver: Identity | None = None  # before whom the documents are laid, which the approval keeps

    @cached_property
    def sections(self) -> Mapping[str, Mapping[str, Section]]:
        """What the report's pages say, by page and topic; drawn once for all documents."""
        made = (each.page(self.site) for each in (model, robustness, fairness, explanation))
        return {
            page.label: {section.topic: section for section in page.sections}
            for page in made
            if page
        }

    @property
    def written(self) -> Documents:
        """What persons have written."""
        return self.settings.documents

    @property
    def model(self) -> Record:
        """The run that trained the model."""
        return self.runs["train"]

    def metric(self, name: str) -> Any:
        """A metric of the version's runs, or None."""
        return next((run.metrics[name] for run in self.runs.values() if name in run.metrics), None)

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """The step and the words of what the records warn of."""
        return [(step, words) for step, run in self.runs.items() for words in run.warnings]
