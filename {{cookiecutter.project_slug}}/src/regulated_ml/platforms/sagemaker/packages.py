"""The request for a model package: a version as SageMaker's Model Registry shows it.

Everything in it comes from records. Customer metadata lead back from a package to them: the
version, the runs, the commit, the data, and the hash of the record itself.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from regulated_ml.platforms.interface import MODEL_ARCHIVE
from regulated_ml.platforms.sagemaker import images
from regulated_ml.security.clients import platform
from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Artifact, Record
from regulated_ml.tracking.registry import Version

PENDING, APPROVED = "PendingManualApproval", "Approved"
FRAMEWORK = "XGBOOST"
CONTENT, RESPONSES = ["text/csv"], ["text/csv", "application/json"]
LONGEST_VALUE = 256  # characters of a property
TOKEN = 32  # characters of a token that makes a request one that is done once
# What decides, besides the model and the image, what a container answers.
SERVED = {"Environment", "ModelDataSource", "AdditionalS3DataSource"}
MORE = "AdditionalInferenceSpecifications"
UNTAKEN = re.compile(r"[^\w\s.:/=+\-@]")  # what a property's value may not hold


class Shown(NamedTuple):
    """A file of a run that a package shows."""

    step: str
    path: str
    place: tuple[str, str] | None  # in ModelMetrics; None: the model itself


FILES = (
    Shown("train", MODEL_ARCHIVE, None),
    Shown("evaluate", "evaluation/evaluation.json", ("ModelQuality", "Statistics")),
    Shown("evaluate", "evaluation/fairness.json", ("Bias", "Report")),
    Shown("explain", "explanation/explanation.json", ("Explainability", "Report")),
    Shown("register", "baseline/statistics.json", ("ModelDataQuality", "Statistics")),
    Shown("register", "baseline/constraints.json", ("ModelDataQuality", "Constraints")),
)


class Located(NamedTuple):
    """A file that a package shows, the run that made it, and where in S3 it lies."""

    shown: Shown
    run: Record
    file: Artifact
    address: str


class Difference(NamedTuple):
    """What a package says otherwise than the records."""

    place: str
    expected: str
    found: str


def files(runs: Sequence[Record]) -> Iterator[tuple[Shown, Record, Artifact]]:
    """What a package shows of these runs, as far as they made it."""
    by_step = {run.step: run for run in runs}
    for shown in FILES:
        run = by_step.get(shown.step)
        file = run.artifact(shown.path) if run else None
        if run and file:
            yield shown, run, file


def mark(settings: Settings, version: Version) -> str:
    """The description of a version's package, by which it is found again.

    Environments that share an account share the group.
    """
    place = f"{settings.project.project_slug} {version.name} in {settings.environment}"
    return f"{place}, {version.registered.id}"


class Marked(NamedTuple):
    """What the description of a package names."""

    number: int
    environment: str
    registered: str  # the id of the record


def marked(settings: Settings, description: str) -> Marked | None:
    """What a package of this description is of; None: of no version."""
    slug = re.escape(settings.project.project_slug)
    found = re.fullmatch(rf"{slug} v(\d+) in ([a-z0-9-]+), (register-[0-9a-f-]+)", description)
    return Marked(int(found[1]), found[2], found[3]) if found else None


def request(
    settings: Settings,
    version: Version,
    located: Sequence[Located],
    properties: Mapping[str, object],
) -> dict[str, Any]:
    """The arguments of CreateModelPackage."""
    train = next(each.run for each in located if each.shown.place is None)
    return {
        "ModelPackageGroupName": settings.project.project_slug,
        "ModelPackageDescription": mark(settings, version),
        "InferenceSpecification": {
            "Containers": [_container(settings, train, located)],
            "SupportedContentTypes": CONTENT,
            "SupportedResponseMIMETypes": RESPONSES,
        },
        "ModelMetrics": _metrics(located),
        "ModelApprovalStatus": PENDING,
        "MetadataProperties": {
            "CommitId": train.commit.sha or "none",
            "GeneratedBy": (train.remote.facts.get("arn") if train.remote else None) or train.id,
            "Repository": settings.project.codecommit_repository,
        },
        "CustomerMetadataProperties": {
            name: UNTAKEN.sub("_", str(value))[:LONGEST_VALUE]
            for name, value in properties.items()
            if str(value)
        },
        "SecurityConfig": {"KmsKeyId": platform(settings).kms_key_arn},
        # The same request sent again, because an answer was lost, makes no second package.
        "ClientToken": hashlib.sha256(mark(settings, version).encode()).hexdigest()[:TOKEN],
    }


def properties(version: Version, runs: Sequence[Record], record_sha256: str) -> dict[str, object]:
    """What leads from a package back to the records."""
    register, train = version.registered, next(run for run in runs if run.step == "train")
    return {
        "version": version.name,
        "register": register.id,
        "record_sha256": record_sha256,
        **{run.step: run.id for run in runs},
        "commit": train.commit.sha or "none",
        "data_state": register.data.state,
        "data_fingerprint": train.data.fingerprint,
        "model_sha256": register.parameters["model_sha256"],
        "registered_by": register.identity.aws or register.identity.user,
        "standard": register.standard,
    }


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[Difference]:
    """Where a package that is there is not the one that would be made of the records."""
    for name in ("InferenceSpecification", "ModelMetrics", "CustomerMetadataProperties"):
        yield from _differences(name, expected.get(name, {}), found.get(name, {}))
    if found.get(MORE):
        yield Difference(MORE, "", str(found[MORE]))


def _differences(place: str, expected: Any, found: Any) -> Iterator[Difference]:
    """What is expected and not there as it is; SageMaker's own additions are none."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for name, value in expected.items():
            yield from _differences(f"{place}.{name}", value, found.get(name))
        for name in SERVED & found.keys() - expected.keys():
            if found[name]:
                yield Difference(f"{place}.{name}", "", str(found[name]))
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for one, other in zip(expected, found, strict=True):
            yield from _differences(place, one, other)
    elif expected != found:
        yield Difference(place, str(expected), "" if found is None else str(found))


def _container(settings: Settings, train: Record, located: Sequence[Located]) -> dict[str, Any]:
    (model,) = (each.address for each in located if each.shown.place is None)
    framework = {"Framework": FRAMEWORK, "FrameworkVersion": images.VERSION.partition("-")[0]}
    return {**_image(settings, train), "ModelDataUrl": model, **framework}


def _image(settings: Settings, train: Record) -> dict[str, str]:
    """The container that the model was trained in, by its hash where that is known.

    In another region the same version lies under another address, of which no hash is known.
    """
    address, digest = images.uri(platform(settings).aws_region), train.dependencies.image_digest
    if digest is None or address != train.dependencies.system:
        return {"Image": address}
    return {"Image": f"{address.rpartition(':')[0]}@{digest}", "ImageDigest": digest}


def _metrics(located: Sequence[Located]) -> dict[str, dict[str, Any]]:
    metrics: dict[str, dict[str, Any]] = {}
    for each in located:
        if each.shown.place:
            group, member = each.shown.place
            metrics.setdefault(group, {})[member] = {
                "ContentType": "application/json",
                "ContentDigest": f"sha256:{each.file.sha256}",
                "S3Uri": each.address,
            }
    return metrics
