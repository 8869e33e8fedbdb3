"""`rml jobs` says of a job only what it knows, and asks in no account but the environment's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws import ACCOUNT, Account, Moto, seed
from commands import rml
from front_double import Front

from regulated_ml.errors import ExitStatus

pytestmark = pytest.mark.slow

OTHER = "999988887777"


@pytest.fixture
def account(small: Path, moto: Moto) -> Account:
    """An account, and a small table to submit."""
    return seed(moto, small)


@pytest.fixture
def front(account: Account) -> Iterator[Front]:
    """What answers in moto's place."""
    made = Front(account.moto.url)
    yield made
    made.stop()


def dev(account: Account, *arguments: str, **variables: str) -> Any:
    """The real command in the environment dev."""
    return rml(
        account.repository, "--env", "dev", *arguments, **{**account.environment, **variables}
    )


@pytest.mark.parametrize(
    "verb", ["jobs list", "jobs follow x", "jobs stop x", "security package --upload"]
)
def test_in_another_account_nothing_is_said_of_jobs(account: Account, verb: str) -> None:
    path = account.repository / "config/environments/dev.yaml"
    path.write_text(path.read_text().replace(ACCOUNT, OTHER))
    done = dev(account, *verb.split())
    assert (done.returncode, done.stdout) == (ExitStatus.RESOURCE, "")
    assert f"the environment dev is in account {OTHER}" in done.stderr


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("Stopped", "stopped"),
        ("Stopping", "stopped"),
        ("Failed", "follow it to see why"),
        ("Completed", "follow it to finish its run"),
    ],
)
def test_a_job_without_a_run_is_listed_with_what_can_be_done(
    account: Account, front: Front, status: str, words: str
) -> None:
    assert dev(account, "prepare").returncode == 0

    def became(answer: dict[str, Any]) -> dict[str, Any]:
        return {
            "ProcessingJobSummaries": [
                {**job, "ProcessingJobStatus": status} for job in answer["ProcessingJobSummaries"]
            ]
        }

    front.changes["ListProcessingJobs"] = became
    there = {"AWS_ENDPOINT_URL": front.url}
    (line,) = [
        x
        for x in dev(account, "jobs", "list", **there, COLUMNS="200").stdout.splitlines()
        if "credit-default-prepare" in x
    ]
    assert line.rstrip().endswith(f"  {words}")
    (job,) = json.loads(dev(account, "jobs", "list", "--json", **there).stdout)
    assert job["waits_to_be_followed"] == (words != "stopped")


def test_a_job_that_has_ended_is_not_stopped(account: Account, front: Front) -> None:
    assert dev(account, "prepare").returncode == 0
    (note,) = (account.repository / "runs/.submitted").glob("*.json")
    name = json.loads(note.read_text())["job"]
    done = dev(account, "jobs", "stop", name, AWS_ENDPOINT_URL=front.url)
    assert (done.returncode, done.stdout) == (ExitStatus.USAGE, "")
    assert "it has ended: Completed" in done.stderr
    assert f"rml --env dev jobs follow {name}" in done.stderr
    assert not front.sent("StopProcessingJob")
