"""The validation report: purpose, data, method, alternatives, tests, limits, findings, conclusion.

Each test says what it is for, how it works, what would be a sign of risk, its strengths and limits.
"""

from regulated_ml.documents import persons, shared, signs
from regulated_ml.documents.evidence import Evidence
from regulated_ml.documents.methods import Method, methods
from regulated_ml.documents.results import result
from regulated_ml.documents.signs import Sign
from regulated_ml.documents.structure import Document, Part, present
from regulated_ml.reports.elements import Table
from regulated_ml.reports.words import NOTHING, plural, quantity

NAME = "validation-report"
NOT_MADE = "This test has not been made for this version"


def document(evidence: Evidence) -> Document:
    """The validation report of a version."""
    tests = [_test(key, method, evidence) for key, method in methods().items()]
    version = evidence.version
    body = present(
        [
            persons.use(evidence),
            _method(evidence),
            _alternatives(evidence),
            *tests,
            persons.limits(evidence),
            persons.risks(evidence),
            persons.oversight(evidence),
            persons.monitoring(evidence),
            shared.gates(evidence),
            persons.findings(evidence),
            _gaps(evidence, tests),
            shared.people(evidence),
            shared.lineage(evidence, files=True),
            shared.regulations(evidence),
        ]
    )
    return Document(
        name=NAME,
        label="Validation report",
        title=f"Validation of {evidence.settings.project.project_name} {version.name}",
        lead=(
            "Figures come from the records of the version; words of the developer, the owner and "
            "the validator come from config/documents.yaml."
        ),
        open=evidence.open,
        parts=(_summary(evidence, body), *body),
    )


def _summary(evidence: Evidence, body: tuple[Part, ...]) -> Part:
    """The validator's conclusion, and everything to stop at in one table."""
    written = evidence.written.validation
    stops = [
        (part.topic, str(sign), sign.id, sign.answer or NOTHING)
        for part in signs.answered(body, evidence.written.answers)
        for sign in part.signs
        if isinstance(sign, Sign)
    ]
    unanswered = sum(answer == NOTHING for *_, answer in stops)
    broken = sum(not row.kept for row in evidence.gates)
    finding = (
        f"{plural(len(stops), 'sign')} of risk, {unanswered} without an answer, "
        f"{plural(broken, 'broken gate')}, "
        f"{persons.unsettled(evidence)}"
    )
    table = Table(
        "Where a reader should stop",
        "llll",
        ("Part", "Sign of risk", "Id", "Answer, by whom and when"),
        tuple(stops),
    )
    return Part(
        topic="Summary",
        finding=finding,
        clauses=shared.clauses(evidence, "validation", "approval"),
        facts=(
            *shared.version_facts(evidence),
            ("Validator", persons.word(written.validator)),
            ("Scope", persons.word(written.scope)),
            ("Conclusion", persons.word(written.conclusion)),
        ),
        text=(
            "A sign of risk is told from figures alone, by the bounds that are named at each test; "
            "it is no finding until a person has made it one.",
        ),
        tables=(table,) if stops else (),
    )


def _method(evidence: Evidence) -> Part:
    model, settings = evidence.model, evidence.settings
    split, costs = settings.model.split, settings.model.evaluation.costs
    monotone = [column.name for column in settings.dataset.features if column.monotone]
    order = f"the latest rows by {split.time_column}" if split.time_column else "drawn at random"
    return Part(
        topic="Method",
        finding="How the model was made",
        clauses=shared.clauses(evidence, "development", "model-card"),
        facts=(
            ("Model", "gradient-boosted trees (XGBoost), with the objective among the parameters"),
            ("Module", model.module),
            ("Test rows", f"{split.test:.0%}, {order}; validation rows {split.validation:.0%}"),
            ("Monotone by construction", ", ".join(monotone) or "none"),
            ("Decision", f"declined from a score of {settings.model.evaluation.threshold} on"),
            (
                "Costs assumed",
                f"{quantity(costs.false_positive)} for a good client declined, "
                f"{quantity(costs.false_negative)} for a default accepted",
            ),
        ),
        tables=(shared.parameters(evidence),),
    )


def _alternatives(evidence: Evidence) -> Part:
    written = evidence.written.alternatives
    rows = None if written is None else [(each.what, each.result) for each in written]
    text, tables = persons.entries("Alternatives tried", ("What", "How it did"), rows)
    return Part(
        topic="Alternatives",
        finding="What else was tried",
        clauses=shared.clauses(evidence, "development"),
        text=text,
        tables=tables,
    )


def _test(key: str, method: Method, evidence: Evidence) -> Part:
    found = result(key, evidence)
    clauses = shared.clauses(evidence, *method.answers)
    if found is None:
        return Part(
            method.topic,
            NOT_MADE,
            clauses,
            facts=method.facts,
            signs=(Sign(f"test.not-made:{key}", f"{NOT_MADE}."),),
        )
    return Part(
        topic=method.topic,
        finding=found.finding,
        clauses=clauses,
        text=found.text,
        facts=method.facts,
        signs=found.signs,
        cards=found.cards,
        tables=found.tables,
    )


def _gaps(evidence: Evidence, tests: list[Part]) -> Part:
    """What a validator would ask for and this report does not have, told from the evidence."""
    site, settings = evidence.site, evidence.settings
    absent = [part.topic for part in tests if part.finding == NOT_MADE]
    asked = [
        (
            bool(absent),
            f"Tests that were not made: {', '.join(absent)}.",
        ),
        (
            site.state.key != "real",
            f"Figures on real, verified data: {site.state.sentence}",
        ),
        (
            settings.model.split.time_column is None,
            "A test on rows of a later time: the table has no column of time, or the split is "
            "random.",
        ),
        (
            not evidence.others,
            "An evaluation on a sample of the validator's own (“rml evaluate --data FILE”).",
        ),
        (
            True,
            "An analysis of outcomes in use: decisions, overrides and defaults come with "
            "monitoring, after the deployment.",
        ),
        (
            True,
            "Rejected applicants: the table knows outcomes of clients that were accepted, so "
            "nothing here says how the model does on those who were not (reject inference).",
        ),
        (
            True,
            "A second implementation: the figures come from the developer's own environment; "
            "“rml runs reproduce” shows that they can be had again, and not that they are right.",
        ),
        (
            True,
            "A search for a less discriminatory alternative that does as well.",
        ),
    ]
    sentences = tuple(sentence for is_asked, sentence in asked if is_asked)
    return Part(
        topic="What is not here",
        finding=f"{plural(len(sentences), 'thing')} that this report cannot show",
        clauses=shared.clauses(evidence, "validation"),
        tables=(
            Table(
                "Not covered", "l", ("A validator would ask for",), tuple((s,) for s in sentences)
            ),
        ),
    )
