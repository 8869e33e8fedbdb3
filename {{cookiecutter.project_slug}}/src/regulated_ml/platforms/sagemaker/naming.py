"""What jobs, their inputs and their outputs are called on AWS."""

import re
from typing import NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import check
from regulated_ml.security.clients import platform
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


def inputs(settings: Settings, digest: str) -> Address:
    """Where files of a content lie that jobs read: the same content, the same place."""
    return Address(platform(settings).data_bucket, f"{_own(settings)}/inputs/{digest}/")


def outputs(settings: Settings, run_id: str) -> Address:
    """Where a job writes."""
    return Address(platform(settings).model_bucket, f"{_own(settings)}/runs/{run_id}/")


def _own(settings: Settings) -> str:
    return f"{settings.project.project_slug}/{settings.environment}"
