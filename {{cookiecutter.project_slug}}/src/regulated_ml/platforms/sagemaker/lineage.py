"""Records of jobs on SageMaker, held against what SageMaker and S3 say of the jobs today.

What a record says by itself - the inputs by hash, the parameters, the commit - is compared with
what the job was really given; so a record that was made up differs, and not only one of a job that
was changed since.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from regulated_ml.errors import UserError
from regulated_ml.files import sha256, write_json
from regulated_ml.platforms.interface import (
    LOG,
    MODEL_ARCHIVE,
    Kind,
    RemoteJob,
    Report,
    as_text,
)
from regulated_ml.platforms.sagemaker import collecting, describing
from regulated_ml.platforms.sagemaker.describing import APIS, Answer
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.platforms.sagemaker.platform import NOT_FOUND
from regulated_ml.platforms.sagemaker.staging import PARAMETERS
from regulated_ml.platforms.sagemaker.storage import Storage, content_hash
from regulated_ml.security import clients
from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Record, Remote
from regulated_ml.tracking.store import artifacts

# Hyperparameters that are the container's own, the same for every job.
CONTAINERS_OWN = "sagemaker_"


class Claim(NamedTuple):
    """A run of a job on SageMaker, as its record tells it."""

    run: Record
    remote: Remote
    kind: Kind
    channels: Mapping[str, Mapping[str, str]]  # the job's own: name -> SHA-256, by channel


class Disagreement(NamedTuple):
    """A fact of a job that the record and AWS tell differently."""

    run: str
    what: str
    record: Any
    aws: Any


class Comparison(NamedTuple):
    """What was compared, and where it differs."""

    jobs: int
    facts: int
    disagreements: list[Disagreement]


def compare(settings: Settings, claims: Sequence[Claim], report: Report) -> Comparison:
    """Holds each run against what SageMaker says of its job, and S3 of its outputs.

    Raises:
        UserError: AWS is not reached, or does not let us ask.
    """
    clients.identity(settings)  # in another account no job is there, which says nothing
    sagemaker = clients.client(settings, "sagemaker")
    storage = Storage(settings, clients.client(settings, "s3"))
    facts, found = 0, []
    for number, claim in enumerate(claims):
        report(number, len(claims), f"asking for {claim.remote.name}")
        with clients.reached(settings):
            answer = _described(sagemaker, claim)
        if answer is None:
            found.append(
                Disagreement(claim.run.id, "job", claim.remote.name, "there is no such job")
            )
            continue
        job = describing.job(claim.kind, answer)
        with clients.reached(settings):
            tags = sagemaker.list_tags(ResourceArn=job.facts["arn"])["Tags"]
        said = {**_said_by_record(claim), **_artifacts(claim)}
        told = {**_told(claim, job, answer, tags), **_outputs(storage, claim, job, report)}
        names = [*said, *(name for name in told if name not in said)]
        facts += len(names)
        found += [
            Disagreement(claim.run.id, name, said.get(name), told.get(name))
            for name in names
            if said.get(name) != told.get(name)
        ]
    return Comparison(len(claims), facts, found)


def _described(client: Any, claim: Claim) -> Answer | None:
    from botocore.exceptions import ClientError

    api = APIS[claim.kind]
    try:
        answer: Answer = getattr(client, api.describe)(
            **{f"{api.prefix}JobName": claim.remote.name}
        )
    except ClientError as error:
        if NOT_FOUND.search(error.response["Error"]["Message"]):
            return None
        raise
    return answer


def _said_by_record(claim: Claim) -> dict[str, Any]:
    run, remote, commit = claim.run, claim.remote, claim.run.commit
    state = "none" if commit.sha is None else commit.sha + ("-changed" if commit.dirty else "")
    channels = {name: content_hash(files) for name, files in claim.channels.items()}
    if claim.kind == "processing":
        channels[PARAMETERS] = content_hash({"parameters.json": _json_hash(run.parameters)})
    given = {name: value for name, value in run.parameters.items() if value is not None}
    return {
        "status": "Completed",
        "seconds": remote.seconds,
        "billed seconds": remote.billed_seconds,
        "tag commit": state,
        "tag run": run.id,
        **{f"input {name}, by content": digest for name, digest in channels.items()},
        **(_hyperparameters(as_text(given)) if claim.kind == "training" else {}),
        **{name.replace("_", " "): value for name, value in remote.facts.items()},
    }


def _told(
    claim: Claim, job: RemoteJob, answer: Answer, tagged: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    tags = {tag["Key"]: tag["Value"] for tag in tagged}
    known = {*claim.channels, *([PARAMETERS] if claim.kind == "processing" else [])}
    return {
        "status": job.status,
        "seconds": job.seconds,
        "billed seconds": job.billed_seconds,
        "tag commit": tags.get("commit"),
        "tag run": tags.get("run"),
        **{
            # An address ends with the hash of what lies there.
            f"input {name}, by content": address.rstrip("/").rpartition("/")[2]
            for name, address in job.facts["inputs"].items()
            if name in known
        },
        **(_hyperparameters(answer.get("HyperParameters", {})) if claim.kind == "training" else {}),
        # Older records keep fewer facts.
        **{
            name.replace("_", " "): value
            for name, value in job.facts.items()
            if name in claim.remote.facts
        },
    }


def _hyperparameters(given: Mapping[str, str]) -> dict[str, str]:
    return {
        f"hyperparameter {name}": value
        for name, value in given.items()
        if not name.startswith(CONTAINERS_OWN)
    }


def _json_hash(content: Mapping[str, Any]) -> str:
    """The hash of the file that a job is told its parameters in."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "parameters.json"
        write_json(path, dict(content))
        return sha256(path)


def _artifacts(claim: Claim) -> dict[str, Any]:
    """The outputs as the record names them: a training's by content, others by size; and the key.

    SageMaker packs a model with the time in it: it has to be unpacked to be compared.
    """
    key = claim.remote.facts.get("kms_key")
    said = {f"key of {name}": key for name in _files(claim)} if key else {}
    if claim.kind == "training":
        return {**said, **{f"output {item.path}": item.sha256 for item in claim.run.artifacts}}
    return {**said, **{f"output {item.path}": _bytes(item.bytes) for item in claim.run.artifacts}}


def _files(claim: Claim) -> list[str]:
    """The files of a job that have to lie in S3."""
    if claim.kind == "training":
        return [MODEL_ARCHIVE]
    return [item.path for item in claim.run.artifacts]


def _bytes(size: int) -> str:
    return f"{size} bytes"


def _outputs(storage: Storage, claim: Claim, job: RemoteJob, report: Report) -> dict[str, Any]:
    """The outputs as they lie in S3, under which key."""
    address = Address.parse(job.facts["outputs"])
    there = {key.removeprefix(address.prefix): size for key, size in storage.listed(address)}
    keys = {}
    if claim.remote.facts.get("kms_key"):
        keys = {f"key of {n}": storage.key_of(address, n) for n in _files(claim) if n in there}
    if claim.kind == "processing":
        return {**keys, **{f"output {name}": _bytes(size) for name, size in there.items()}}
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            collecting.collect(job.kind, job.facts["outputs"], storage, folder, report)
        except UserError as error:
            # It is why the outputs of the record are not there.
            return {**keys, "outputs": "; ".join(each.rule for each in error.problems)}
        made = artifacts(folder, leave_out=LOG)
        return {**keys, **{f"output {item.path}": item.sha256 for item in made}}
