"""Each request for a job, executed from its own fields, makes what the local job makes.

The jobs run in the container's versions and without a network; see the doubles.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from aws import ACCOUNT, Moto, seed
from commands import git, rml
from container_double import can_isolate
from sagemaker_double import BILLED, SECONDS, SageMakerDouble

from regulated_ml.files import sha256
from regulated_ml.tracking.records import Record, Remote
from regulated_ml.tracking.store import RunStore

pytestmark = pytest.mark.slow

STEPS = ("prepare", "train", "evaluate", "explain")


@dataclass
class Executed:
    """A repository whose steps have run on this machine and on the double, and what was said."""

    repository: Path
    double: SageMakerDouble
    said: str

    def latest(self, environment: str) -> dict[str, Record]:
        """The latest run of each step."""
        store = RunStore(self.repository / "runs", environment)
        return {step: run for step in STEPS if (run := store.latest(step))}


def job_of(run: Record) -> Remote:
    """The job of a run that was one on SageMaker."""
    assert run.remote is not None
    return run.remote


@pytest.fixture(scope="module")
def executed(
    finished: Path,
    _server: Moto,
    tmp_path_factory: pytest.TempPathFactory,
    container_python: str,
) -> Executed:
    """All steps on the twin: the first submitted and followed later, the others by `rml run`."""
    folder = tmp_path_factory.mktemp("executed")
    repository = Path(shutil.copytree(finished, folder / "repository", symlinks=True))
    _server.reset()
    double = SageMakerDouble(seed(_server, repository), Path(container_python), folder)
    model = repository / "config/model.yaml"
    spot = "    spot: true "
    model.write_text(model.read_text().replace(spot, f"    price_per_hour: 0.9\n{spot}"))
    git(repository, "commit", "--all", "--quiet", "--message", "The account's identifiers")
    said = rml(repository, "--env", "dev", "prepare", **double.environment)
    assert said.returncode == 0, said.stderr
    (name,) = double.ends
    assert f"follow    rml --env dev jobs follow {name}" in said.stdout
    for command in (("jobs", "follow", name), ("run",)):
        done = rml(repository, "--env", "dev", *command, **double.environment)
        assert done.returncode == 0, done.stderr
    return Executed(repository, double, done.stdout + done.stderr)


@pytest.mark.parametrize("step", STEPS)
def test_the_outputs_are_those_of_the_local_job(executed: Executed, step: str) -> None:
    ours, theirs = executed.latest("local")[step], executed.latest("dev")[step]
    assert [item.path for item in ours.artifacts] == [item.path for item in theirs.artifacts]
    for here, there in zip(ours.artifacts, theirs.artifacts, strict=True):
        print(f"{step:<8}  {here.path:<35}  {here.sha256[:16]}  {there.sha256[:16]}")
        assert here.sha256 == there.sha256, here.path
    assert ours.metrics == theirs.metrics


def test_the_records_have_one_shape(executed: Executed) -> None:
    ours, theirs = executed.latest("local"), executed.latest("dev")
    for step in STEPS:
        here, there = (run[step].model_dump(mode="json") for run in (ours, theirs))
        assert here.keys() == there.keys()
        different = {name for name in here if here[name] != there[name]}
        # A key covers the packages and the parents, and these are others.
        assert different <= {
            *("id", "key", "parents", "environment", "command", "started", "ended", "seconds"),
            *("commit", "dependencies", "warnings", "artifacts", "remote", "inputs", "guard"),
            "identity",
        }
        assert there["environment"] == "dev"
        assert there["dependencies"]["packages"]["pandas"] == "2.2.3"
        assert there["id"] in there["remote"]["name"]
        assert there["identity"]["aws"] == f"arn:aws:sts::{ACCOUNT}:user/moto"
        assert len(there["guard"]["controls"]) == 64
    train, evaluate = job_of(theirs["train"]), job_of(theirs["evaluate"])
    assert (train.seconds, train.billed_seconds) == (SECONDS, BILLED)
    assert evaluate.billed_seconds == SECONDS
    # Of what has a price: 0.9 for 3,600 seconds, so 0.016 for the 64 that the double bills.
    assert (train.cost, evaluate.cost) == (0.016, None)


def test_what_the_job_goes_through_is_told(executed: Executed) -> None:
    name = job_of(executed.latest("dev")["train"]).name
    assert f"{name} Interrupted: Spot capacity was taken back" in executed.said
    assert f"{name} ran 212 s, billed 64 s: spot saved 70%" in executed.said
    # A line of the log that is no progress; those of progress move the bar.
    assert "contributions add up to the margin" in executed.said
    assert "progress explain" not in executed.said
    run = executed.latest("dev")["explain"]
    log = (executed.repository / "runs" / run.id / "job.log").read_text()
    assert "progress explain" in log


def test_a_training_leaves_its_checkpoints_in_the_model_bucket(executed: Executed) -> None:
    run = executed.latest("dev")["train"]
    listed = executed.double.account.client("s3").list_objects_v2(
        Bucket=executed.double.account.buckets[1],
        Prefix=f"credit-default/dev/runs/{run.id}/checkpoints/",
    )
    names = [item["Key"].rpartition("/")[2] for item in listed["Contents"]]
    assert sorted(names) == ["xgboost-checkpoint.100", "xgboost-checkpoint.90"]


def test_what_is_up_to_date_is_neither_uploaded_nor_submitted(executed: Executed) -> None:
    front = executed.double.front
    before = len(front.asked)
    done = rml(executed.repository, "--env", "dev", "run", **executed.double.environment)
    assert done.returncode == 0
    assert done.stdout.count("up to date") == 5  # the pages too
    assert len(front.asked) == before


def test_the_same_code_and_rows_are_uploaded_once(executed: Executed) -> None:
    front = executed.double.front
    before = len(front.asked)
    done = rml(
        executed.repository, "--env", "dev", "train", "--force", **executed.double.environment
    )
    assert done.returncode == 0, done.stderr
    asked = [each.operation for each in front.asked[before:]]
    assert asked.count("CreateTrainingJob") == 1
    assert "PUT" not in asked


def test_jobs_have_no_network(executed: Executed) -> None:
    requests = [
        *executed.double.front.sent("CreateTrainingJob"),
        *(each["NetworkConfig"] for each in executed.double.front.sent("CreateProcessingJob")),
    ]
    assert all(each["EnableNetworkIsolation"] is True for each in requests)
    if not can_isolate():
        pytest.skip("this machine starts no process without a network: they ran with one")


def test_a_portfolio_is_scored_there_as_it_is_here(executed: Executed) -> None:
    repository, variables = executed.repository, executed.double.environment
    twin = ("data", "twin", "--rows", "500", "--output", "clients.csv")
    for command in (twin, ("--env", "dev", "model", "register")):
        done = rml(repository, *command, **(variables if "dev" in command else {}))
        assert done.returncode == 0, done.stderr
    score = ("model", "score", "v1", "--input", "clients.csv", "--reasons", "--output")
    there = rml(repository, "--env", "dev", *score, "there.csv", **variables)
    assert there.returncode == 0, there.stderr
    assert rml(repository, *score, "here.csv").returncode == 0
    assert (repository / "there.csv").read_bytes() == (repository / "here.csv").read_bytes()
    (request,) = [
        each
        for each in executed.double.front.sent("CreateProcessingJob")
        if "-score-" in each["ProcessingJobName"]
    ]
    assert request["NetworkConfig"]["EnableNetworkIsolation"] is True
    key = executed.double.account.key
    assert request["ProcessingOutputConfig"]["KmsKeyId"] == key
    assert request["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == key
    again = rml(repository, "--env", "dev", *score, "again.csv", **variables)
    assert "had been scored already by v1" in again.stdout, again.stderr


def test_a_mistake_of_the_teams_comes_back_as_a_sentence(
    executed: Executed, tmp_path: Path
) -> None:
    repository = Path(shutil.copytree(executed.repository, tmp_path / "copy", symlinks=True))
    model = repository / "config/model.yaml"
    model.write_text(model.read_text().replace("gamma: 4", "gama: 4"))
    done = rml(
        repository, "--env", "dev", "train", "--wait", "--json", **executed.double.environment
    )
    assert done.returncode == 5
    assert "gama" in done.stdout
    assert "AlgorithmError" in done.stdout
    (log,) = (repository / "runs/.failed").glob("*.log")
    assert str(log) in done.stderr
    assert "gama" in log.read_text()
    assert not (repository / "runs/.submitted" / f"{log.stem}.json").exists()


@pytest.mark.long
def test_a_validators_sample_is_prepared_and_evaluated(executed: Executed, tmp_path: Path) -> None:
    repository = Path(shutil.copytree(executed.repository, tmp_path / "copy", symlinks=True))
    (table,) = (repository / "data").glob("*.parquet")
    sample = Path(shutil.move(table, tmp_path / "sample.parquet"))
    done = rml(
        repository, "--env", "dev", "evaluate", "--data", sample, **executed.double.environment
    )
    assert done.returncode == 0, done.stderr
    sampled, evaluated = done.stdout.splitlines()[:2]
    assert "test rows 30,000" in sampled
    assert "auc" in evaluated
    # The latest evaluation stays the one on the model's own test rows.
    latest = RunStore(repository / "runs", "dev").latest("evaluate")
    assert latest == executed.latest("dev")["evaluate"]


@pytest.mark.long
def test_the_real_table_too(
    repository: Path,
    moto: Moto,
    tmp_path: Path,
    container_python: str,
    real_table: Path,
) -> None:
    double = SageMakerDouble(seed(moto, repository), Path(container_python), tmp_path)
    for environment, variables in (("local", {}), ("dev", double.environment)):
        done = rml(repository, "--env", environment, "run", "--data", real_table, **variables)
        assert done.returncode == 0, done.stderr
    executed = Executed(repository, double, done.stdout)
    for step in STEPS:
        test_the_outputs_are_those_of_the_local_job(executed, step)
    assert executed.latest("dev")["train"].data.state == "real"


def test_the_hash_of_a_model_is_that_of_its_bytes(executed: Executed) -> None:
    run = executed.latest("dev")["train"]
    archive = run.artifact("model.tar.gz")
    assert archive is not None
    assert sha256(executed.repository / "runs" / run.id / "model.tar.gz") == archive.sha256
