"""What jobs, their inputs and their outputs are called on AWS."""

import re
from typing import NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import check
from regulated_ml.platforms.interface import Kind
from regulated_ml.security.clients import platform
from regulated_ml.security.values import trail_bucket
from regulated_ml.settings import Settings


class Address(NamedTuple):
    """A place in S3: a bucket, and the beginning of the keys, which ends with a slash."""

    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """The place that a text like `s3://bucket/beginning` names."""
        bucket, _, prefix = text.removeprefix("s3://").partition("/")
        return cls(bucket, f"{prefix.rstrip('/')}/")


def job_name(settings: Settings, run_id: str) -> str:
    """The name of a run's job: readable, and within the limits of SageMaker."""
    name = f"{settings.project.project_slug}-{run_id}"
    if problems := check("job_name", name, "job"):
        raise UserError(problems, ExitStatus.CONFIGURATION)
    return name


def run_id(settings: Settings, name: str) -> str | None:
    """The run that a job makes, or None where the job is none of this project's."""
    start = re.escape(settings.project.project_slug)
    found = re.fullmatch(rf"{start}-([a-z]+-\d{{8}}-\d{{6}}-[0-9a-f]{{6}})", name)
    return found[1] if found else None


def experiment(settings: Settings) -> str:
    """The experiment of the project in an environment."""
    return f"{settings.project.project_slug}-{settings.environment}"


def trial(settings: Settings, origin: str) -> str:
    """The trial of all runs that go back to the same one."""
    return f"{settings.project.project_slug}-{origin}"


def component(settings: Settings, run: str, kind: Kind | None) -> str:
    """The trial component of a run: SageMaker's own, where a job of SageMaker has made the run."""
    name = f"{settings.project.project_slug}-{run}"
    return f"{name}-aws-{kind}-job" if kind else name


def experiment_config(settings: Settings, run: str, line: str) -> dict[str, str]:
    """The part of a job's request that has SageMaker put the job's component into a trial."""
    return {
        "experiment_name": experiment(settings),
        "trial_name": trial(settings, line),
        "trial_component_display_name": run,
    }


def inputs(settings: Settings, digest: str) -> Address:
    """Where files of a content lie that jobs read: the same content, the same place."""
    return Address(platform(settings).data_bucket, f"{_own(settings)}/inputs/{digest}/")


def runs(settings: Settings) -> Address:
    """Where the outputs of all runs lie."""
    return Address(platform(settings).model_bucket, f"{_own(settings)}/runs/")


def outputs(settings: Settings, run_id: str) -> Address:
    """Where a job writes."""
    return Address(platform(settings).model_bucket, f"{runs(settings).prefix}{run_id}/")


def act_files(settings: Settings, run_id: str) -> Address:
    """Where the files lie that belong to the act of a person: as those of a processing job."""
    return Address(platform(settings).model_bucket, f"{outputs(settings, run_id).prefix}output/")


def trail(settings: Settings) -> Address:
    """Where hashes of the audit trail lie."""
    return Address(trail_bucket(settings, platform(settings)), f"{_own(settings)}/trail/")


def captures(settings: Settings) -> Address:
    """Where endpoints write what they have captured."""
    return Address(platform(settings).data_bucket, f"{_own(settings)}/capture/")


def ground_truth(settings: Settings, endpoint: str) -> Address:
    """Where Model Monitor finds what became of the clients that an endpoint was asked about."""
    place = f"{_own(settings)}/ground-truth/{endpoint}/"
    return Address(platform(settings).data_bucket, place)


def monitor_files(settings: Settings, digest: str) -> Address:
    """Where files of a content lie that monitors hold requests against."""
    return Address(platform(settings).data_bucket, f"{_own(settings)}/monitor/{digest}/")


def monitored(settings: Settings) -> Address:
    """Where Model Monitor writes what it has found."""
    return Address(platform(settings).model_bucket, f"{runs(settings).prefix}monitor/")


def models(settings: Settings, version: str, registered: str) -> Address:
    """Where a version that was promoted to the environment lies.

    Two clones may give two models one number, so the id of the registration is part of it.
    """
    place = f"{_own(settings)}/models/{version}/{registered}/"
    return Address(platform(settings).model_bucket, place)


def _own(settings: Settings) -> str:
    return f"{settings.project.project_slug}/{settings.environment}"
