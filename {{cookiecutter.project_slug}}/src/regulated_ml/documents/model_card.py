"""The model card: what the model is, for what, how well, and where not."""

from regulated_ml.documents import persons, shared
from regulated_ml.documents.evidence import Evidence
from regulated_ml.documents.results import result
from regulated_ml.documents.signs import Sign
from regulated_ml.documents.structure import Document, Part, present
from regulated_ml.reports.elements import Table
from regulated_ml.reports.words import plural, whole

NAME = "model-card"
INCOMPLETE = (
    "The list of packages is incomplete: of the container's those are known that jobs may import."
)


def document(evidence: Evidence) -> Document:
    """The model card of a version."""
    version = evidence.version
    return Document(
        name=NAME,
        label="Model card",
        title=f"{evidence.settings.project.project_name} {version.name}",
        lead=evidence.settings.project.description,
        open=evidence.open,
        parts=present(
            [
                Part(
                    topic="Version",
                    finding=f"Version {version.name} is {shared.status(evidence)}",
                    clauses=shared.clauses(evidence, "model-card", "inventory"),
                    facts=shared.version_facts(evidence),
                ),
                persons.use(evidence),
                _model(evidence),
                _performance(evidence),
                _from_result(evidence, "Fairness", "fairness", "proxies"),
                _from_result(evidence, "Explanation and reasons", "explanation", "reasons"),
                persons.limits(evidence),
                persons.risks(evidence),
                persons.oversight(evidence),
                persons.monitoring(evidence),
                shared.gates(evidence),
                shared.people(evidence),
                shared.lineage(evidence, files=False),
                _packages(evidence),
                shared.regulations(evidence),
            ]
        ),
    )


def _model(evidence: Evidence) -> Part:
    model, dataset = evidence.model, evidence.settings.dataset
    features = (evidence.site.training or {}).get("features", ())
    monotone = [column.name for column in dataset.features if column.monotone]
    label = dataset.label
    event = evidence.site.vocabulary.event
    return Part(
        topic="Model",
        finding=f"Gradient-boosted trees on {plural(len(features), 'feature')}",
        clauses=shared.clauses(evidence, "model-card", "development"),
        facts=(
            ("Predicts", f"the probability of “{event}”: {label.description}"),
            ("Algorithm", f"XGBoost {model.dependencies.packages.get('xgboost-cpu', '')}".strip()),
            ("Rounds", whole(model.metrics.get("rounds"))),
            ("Features", ", ".join(features)),
            ("Measured, not learnt from", ", ".join(c.name for c in dataset.protected) or "none"),
            ("Monotone", ", ".join(monotone) or "none"),
            (
                "Threshold",
                f"{evidence.settings.model.evaluation.threshold}: a score from here on is declined",
            ),
        ),
        tables=(shared.parameters(evidence),),
    )


def _performance(evidence: Evidence) -> Part | None:
    found = result("discrimination", evidence)
    if found is None:
        return None
    calibrated = result("calibration", evidence)
    return Part(
        topic="Performance",
        finding=found.finding,
        clauses=shared.clauses(evidence, "accuracy", "validation"),
        text=(f"{calibrated.finding}.",) if calibrated else (),
        signs=(*found.signs, *(calibrated.signs if calibrated else ())),
        cards=found.cards,
        tables=found.tables,
    )


def _from_result(evidence: Evidence, topic: str, key: str, answers: str) -> Part | None:
    """The findings of a test and what to stop at; the validation report has its tables."""
    found = result(key, evidence)
    if found is None:
        return None
    headlines = [card.heading for card in found.cards if card.heading != found.finding]
    return Part(
        topic=topic,
        finding=found.finding,
        clauses=shared.clauses(evidence, answers),
        text=(*(f"{headline}." for headline in headlines), *found.text),
        signs=found.signs,
        cards=found.cards[:1],
    )


def _packages(evidence: Evidence) -> Part:
    """The supply chain: what was installed, under which licences."""
    packages = evidence.packages
    unknown = [each.name for each in packages if each.needed and not each.license]
    rows = tuple(
        (
            each.name,
            each.version,
            each.license or "not known here",
            "runs the model" if each.needed else "tool of developers",
        )
        for each in packages
    )
    signs = (
        (
            Sign(
                "supply.licences",
                f"The licence of {plural(len(unknown), 'package')} that the model needs is not "
                f"known here: {', '.join(unknown)}.",
            ),
        )
        if unknown
        else ()
    )
    count = plural(len(packages), "package")
    finding = f"{count} were installed when the model was trained"
    if evidence.model.remote:
        finding = f"{count} of the container that the model was trained in are known"
        signs = (Sign("supply.incomplete", INCOMPLETE), *signs)
    return Part(
        topic="Supply chain",
        finding=finding,
        clauses=shared.clauses(evidence, "lineage"),
        text=(
            "The bill of materials beside the version's record (CycloneDX) has them with the "
            "hashes of the lock file. A licence is known where the same version is installed here.",
        ),
        signs=signs,
        tables=(Table("Packages", "llll", ("Package", "Version", "Licence", "Use"), rows),),
    )
