"""The model card as SageMaker keeps it: the content of CreateModelCard, by AWS's JSON schema.

The schema is that of the developer guide ("Model card JSON schema"); sagemaker-core has it as
`sagemaker.core.shapes.model_card_shapes`. Its texts have limits, and longer ones are cut with a
sign; the whole text is in our own model card, which the content names by hash of the records.
"""

from typing import Any

from regulated_ml.documents import shared
from regulated_ml.documents.evidence import Evidence
from regulated_ml.documents.results import result
from regulated_ml.reports.words import clean, is_number, plural

SHORT, LONG, NAME, VALUE = 1024, 2048, 63, 255  # characters
RATINGS = {"high": "High", "medium": "Medium", "low": "Low", None: "Unknown"}
MOST_METRICS = 50  # of one group
STEPS = ("evaluate", "explain")


def content(evidence: Evidence) -> dict[str, Any]:
    """The content of the card; dump it as JSON for the request."""
    written, project = evidence.written, evidence.settings.project
    owner = f"{project.owner_name} <{project.owner_email}>"
    return {
        "model_overview": {
            "model_description": _cut(project.description, SHORT),
            "model_creator": _cut(shared.who(evidence.model.identity), SHORT),
            "model_owner": _cut(owner, SHORT),
            "algorithm_type": "XGBoost",
            "problem_type": "Binary Classification",
            "model_artifact": [_archive(evidence)],
        },
        "intended_uses": {
            "purpose_of_model": _cut(written.purpose, LONG),
            "intended_uses": _cut(written.intended_use, LONG),
            "factors_affecting_model_efficiency": _cut(" ".join(written.limits or ()), LONG),
            "risk_rating": RATINGS[written.materiality.tier],
            "explanations_for_risk_rating": _cut(written.materiality.reason, LONG),
        },
        "business_details": {
            "business_problem": _cut(written.purpose, LONG),
            "business_stakeholders": _cut(written.business_owner, LONG),
        },
        "training_details": _training(evidence),
        "evaluation_details": [
            _evaluation(evidence, step) for step in STEPS if step in evidence.runs
        ],
        "additional_information": {
            "ethical_considerations": _cut(_fairness(evidence), LONG),
            "caveats_and_recommendations": _cut(_caveats(evidence), LONG),
            "custom_details": _details(evidence),
        },
    }


def _cut(text: str, limit: int) -> str:
    line = clean(text)
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _archive(evidence: Evidence) -> str:
    """Where the model lies on AWS, or its name and hash where it was trained on this machine."""
    remote = evidence.model.remote
    stated = remote.facts.get("model") if remote else None
    archive = evidence.model.artifact("model.tar.gz")
    return _cut(str(stated or f"model.tar.gz SHA-256 {archive.sha256 if archive else ''}"), SHORT)


def _training(evidence: Evidence) -> dict[str, Any]:
    model = evidence.model
    image = (model.remote.facts.get("image") if model.remote else None) or "this machine"
    metrics = [
        {"name": _cut(name, VALUE), "value": float(value)}
        for name, value in model.metrics.items()
        if is_number(value)
    ]
    parameters = [
        {"name": _cut(name, VALUE), "value": _cut(str(value), VALUE)}
        for name, value in sorted(model.parameters.items())
    ]
    return {
        "training_observations": _cut(
            f"Run {model.id} of commit {shared.commit(model.commit)}.", SHORT
        ),
        "training_job_details": {
            "training_datasets": [f"{model.data.name} SHA-256 {model.data.fingerprint}"],
            "training_environment": {"container_image": [_cut(str(image), SHORT)]},
            "user_provided_training_metrics": metrics[:MOST_METRICS],
            "user_provided_hyper_parameters": parameters[:MOST_METRICS],
        },
    }


def _evaluation(evidence: Evidence, step: str) -> dict[str, Any]:
    run = evidence.runs[step]
    metrics = [
        {"name": _cut(name, VALUE), "type": "number", "value": float(value)}
        for name, value in run.metrics.items()
        if is_number(value)
    ]
    found = result("discrimination" if step == "evaluate" else "explanation", evidence)
    groups = [{"name": step, "metric_data": metrics[:MOST_METRICS]}] if metrics else []
    return {
        "name": _cut(run.id, NAME),
        "evaluation_observation": _cut(found.finding if found else "", LONG),
        "datasets": [_cut(f"{run.data.name} SHA-256 {run.data.fingerprint}", SHORT)],
        "metadata": {"state_of_the_data": run.data.state},
        "metric_groups": groups,
    }


def _fairness(evidence: Evidence) -> str:
    found = result("fairness", evidence)
    if found is None:
        return "Fairness has not been measured for this version."
    return " ".join([f"{found.finding}.", *found.signs])


def _caveats(evidence: Evidence) -> str:
    out_of_scope = evidence.written.out_of_scope
    scope = f"Out of scope: {out_of_scope}" if out_of_scope else ""
    fields = f"{plural(len(evidence.open), 'field')} open." if evidence.open else ""
    return " ".join(part for part in (evidence.site.state.sentence, scope, fields) if part)


def _details(evidence: Evidence) -> dict[str, str]:
    return {
        "version": evidence.version.name,
        "status": _cut(shared.status(evidence), VALUE),
        "runs": _cut(", ".join(run.id for run in evidence.runs.values()), VALUE),
        "commit": str(evidence.model.commit.sha),
        "data_state": evidence.model.data.state,
    }
