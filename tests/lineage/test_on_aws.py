"""Records of jobs on AWS: compared, kept beside the models, fetched, and anchored."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from aws import REGION, TRAIL_BUCKET
from commands import git, rml
from platforms.front_double import Answer, refusal

from regulated_ml.errors import ExitStatus
from regulated_ml.files import sha256, write_text
from regulated_ml.settings import load
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow.acting import Act, perform

from .delivered_double import Delivered

pytestmark = pytest.mark.slow


def compared(delivered: Delivered, status: int = ExitStatus.FOUND) -> dict[str, Any]:
    done = delivered.rml("runs", "lineage", "v1", "--compare", "--format", "json")
    assert done.returncode == status, done.stderr
    content: dict[str, Any] = json.loads(done.stdout)
    return content


def told(delivered: Delivered) -> dict[str, tuple[Any, Any]]:
    """By fact, what the record says and what AWS says."""
    return {
        each["what"]: (each["record"], each["aws"]) for each in compared(delivered)["disagreements"]
    }


def test_what_was_not_touched_is_told_alike(delivered: Delivered) -> None:
    found = compared(delivered, ExitStatus.OK)
    assert [row["step"] for row in found["rows"]] == ["source data", "prepare", "train", "register"]
    assert (found["jobs_compared"], found["disagreements"]) == (2, [])
    assert found["facts_compared"] > 60


# Where a description says it, what it is made to say, and what the fact is called.
ANOTHER: dict[str, tuple[tuple[str, ...], Any]] = {
    "image": (("AlgorithmSpecification", "TrainingImage"), "evil:1"),
    "instance": (("ResourceConfig", "InstanceType"), "ml.p4d.24xlarge"),
    "volume kms key": (("ResourceConfig", "VolumeKmsKeyId"), "arn:other"),
    "kms key": (("OutputDataConfig", "KmsKeyId"), "arn:other"),
    "role": (("RoleArn",), "arn:aws:iam::1:role/admin"),
    "subnets": (("VpcConfig", "Subnets"), ["subnet-9"]),
    "security groups": (("VpcConfig", "SecurityGroupIds"), ["sg-9"]),
    "network isolation": (("EnableNetworkIsolation",), False),
    "traffic encryption": (("EnableInterContainerTrafficEncryption",), False),
    "status": (("TrainingJobStatus",), "Stopped"),
    "hyperparameter max_depth": (("HyperParameters", "max_depth"), "9"),
}


def test_whatever_is_another_of_a_job_is_named_with_both_values(delivered: Delivered) -> None:
    def changed(answer: dict[str, Any]) -> dict[str, Any]:
        for (*way, last), value in ANOTHER.values():
            place = answer
            for name in way:
                place = place[name]
            place[last] = value
        return answer

    delivered.front.changes["DescribeTrainingJob"] = changed
    found = told(delivered)
    assert {name: aws for name, (_, aws) in found.items()} == {
        name: value for name, (_, value) in ANOTHER.items()
    }
    assert all(record not in (value, None) for record, value in found.values())


def test_other_inputs_and_tags_are_found_by_what_the_record_says_by_itself(
    delivered: Delivered,
) -> None:
    def other_rows(answer: dict[str, Any]) -> dict[str, Any]:
        channels = {each["ChannelName"]: each for each in answer["InputDataConfig"]}
        source = channels["train"]["DataSource"]["S3DataSource"]
        source["S3Uri"] = source["S3Uri"].rstrip("/")[:-64] + "0" * 64 + "/"
        return answer

    def other_tags(answer: dict[str, Any]) -> dict[str, Any]:
        return {"Tags": [t for t in answer["Tags"] if t["Key"] != "commit"]}

    delivered.front.changes |= {"DescribeTrainingJob": other_rows, "ListTags": other_tags}
    found = told(delivered)
    assert found["input train, by content"][1] == "0" * 64
    assert found["tag commit"][1] is None
    assert {"input train, by content", "inputs", "tag commit"} == set(found)


def test_a_model_that_was_replaced_in_s3_is_found_by_its_content(delivered: Delivered) -> None:
    run = delivered.store.latest("train")
    assert run is not None and run.remote is not None
    bucket, _, folder = run.remote.facts["outputs"].removeprefix("s3://").partition("/")
    s3, key = delivered.account.client("s3"), f"{folder}/model.tar.gz"
    before = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    other = s3.get_object(Bucket=bucket, Key=f"{folder}/output.tar.gz")["Body"].read()
    s3.put_object(Bucket=bucket, Key=key, Body=other)
    found = told(delivered)
    s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=before,
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=delivered.account.key,
    )
    assert set(found) == {"output model.tar.gz", "key of model.tar.gz"}
    model = run.artifact("model.tar.gz")
    assert model is not None and found["output model.tar.gz"][0] == model.sha256


def test_a_job_that_is_gone_is_said(delivered: Delivered) -> None:
    answer = refusal("ValidationException", "Could not find the requested job")
    delivered.front.instead["DescribeTrainingJob"] = [answer]
    done = delivered.rml("runs", "lineage", "v1", "--compare")
    assert done.returncode == ExitStatus.FOUND
    assert "there is no such job" in done.stdout
    assert "Traceback" not in done.stderr


def test_a_table_of_what_differs_fits_and_local_has_nothing_to_compare(
    delivered: Delivered,
) -> None:
    delivered.front.changes["DescribeTrainingJob"] = lambda answer: {
        **answer,
        "RoleArn": "arn:aws:iam::123456789012:role/another-one-with-a-long-name",
    }
    done = delivered.rml("runs", "lineage", "v1", "--compare", COLUMNS="80")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "the record says" in done.stdout


# --- records beside the models, and fetching them ---


def runs_in(repository: Path) -> dict[str, str]:
    """The environment dev's records by step, each by the hash of its file."""
    store = RunStore(repository / "runs", "dev")
    return {
        run.step: sha256(repository / "runs" / run.id / "record.json")
        for run in store.all()
        if run.environment == "dev"
    }


def clone_of(delivered: Delivered, folder: Path) -> Path:
    """What another person has: the repository without data, runs and pages."""
    git(folder, "clone", "--quiet", str(delivered.repository), str(folder / "clone"))
    return folder / "clone"


def test_a_record_lies_beside_the_model_under_the_key(delivered: Delivered) -> None:
    run = delivered.store.latest("train")
    assert run is not None
    head = delivered.account.client("s3").head_object(
        Bucket=delivered.account.buckets[1], Key=f"credit-default/dev/runs/{run.id}/record.json"
    )
    assert head["SSEKMSKeyId"] == delivered.account.key
    assert head["Metadata"]["sha256"] == runs_in(delivered.repository)["train"]


def queued(delivered: Delivered, repository: Path) -> dict[str, int]:
    """How many records wait for each bucket."""
    done = delivered.rml("runs", "publish", "--status", "--json", repository=repository)
    waiting = {each["tracker"]: len(each["queued"]) for each in json.loads(done.stdout)}
    return {name: count for name, count in waiting.items() if "bucket" in name}


def test_what_the_bucket_did_not_take_is_sent_later(delivered: Delivered, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(delivered.repository, tmp_path / "copy", symlinks=True))
    shutil.rmtree(copy / "runs/.published")
    registered = delivered.store.latest("register")
    assert registered is not None
    key = f"credit-default/dev/runs/{registered.id}/record.json"
    delivered.account.client("s3").delete_object(Bucket=delivered.account.buckets[1], Key=key)
    denied = Answer(403, b"<Error><Code>AccessDenied</Code></Error>", {})
    delivered.front.instead["PUT"] = [denied] * 9
    done = delivered.rml("runs", "publish", repository=copy)
    assert (done.returncode, "AWS denies the call" in done.stderr) == (ExitStatus.RESOURCE, True)
    # Of the records only that one is not there; of the trail no mark is left here.
    assert queued(delivered, copy) == {"the model bucket": 1, "the trail's bucket": 3}
    delivered.front.instead.clear()
    assert delivered.rml("runs", "publish", repository=copy).returncode == 0
    assert queued(delivered, copy) == {"the model bucket": 0, "the trail's bucket": 0}
    assert key in delivered.objects(delivered.account.buckets[1], key)


def test_a_lost_file_of_an_act_keeps_its_record_out_of_the_bucket(
    delivered: Delivered, tmp_path: Path
) -> None:
    copy = clone_of(delivered, tmp_path)  # with a trail of its own, which is anchored, too
    assert delivered.rml("runs", "fetch", repository=copy).returncode == 0
    store, parent = RunStore(copy / "runs", "dev"), delivered.store.latest("register")
    assert parent is not None
    act = Act("approve", [parent], {"version": 1})
    record = perform(load(copy, "dev"), store, act, lambda to: write_text(to / "card.md", "# v1"))
    (store.folder_of(record) / "card.md").unlink()
    done = delivered.rml("runs", "publish", repository=copy)
    assert (done.returncode, "card.md" in done.stderr) == (ExitStatus.RESOURCE, True), done.stderr
    assert "Traceback" not in done.stderr
    assert queued(delivered, copy) == {"the model bucket": 1, "the trail's bucket": 0}


def test_another_person_fetches_the_runs_and_has_the_same_records(
    delivered: Delivered, tmp_path: Path
) -> None:
    clone = clone_of(delivered, tmp_path)
    done = delivered.rml("runs", "fetch", "--json", repository=clone)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["fetched"]) == 3
    assert runs_in(clone) == runs_in(delivered.repository)
    entries = [*RunStore(clone / "runs").trail.entries()]
    assert [entry.kind for entry in entries] == ["fetched"] * 3
    assert [entry.id.partition("-")[0] for entry in entries] == ["prepare", "train", "register"]
    again = delivered.rml("runs", "fetch", repository=clone)
    assert "0 runs fetched, 3 were here already" in again.stdout
    lineage = delivered.rml("runs", "lineage", "v1", "--format", "json", repository=clone)
    assert [row["step"] for row in json.loads(lineage.stdout)][-1] == "register"
    # Two clones, two trails, one bucket: each is held against its own anchors.
    for repository in (clone, delivered.repository):
        whole = delivered.rml("runs", "verify", repository=repository)
        assert whole.returncode == 0, whole.stdout + whole.stderr
    # What the maker shows elsewhere is not the fetcher's to show.
    assert set(queued(delivered, clone).values()) == {0}


def test_a_run_that_is_not_what_its_record_says_is_refused_and_the_others_come(
    delivered: Delivered, tmp_path: Path
) -> None:
    s3, bucket = delivered.account.client("s3"), delivered.account.buckets[1]
    prepare, train = (delivered.store.latest(step) for step in ("prepare", "train"))
    assert prepare is not None and train is not None
    place = "credit-default/dev/runs"
    planted = {
        f"{place}/{prepare.id}/output/summary/summary.json": b"{}",
        f"{place}/{prepare.id}/output/added.json": b"{}",
        f"{place}/{train.id}/record.json": train.model_copy(update={"code": "0" * 64})
        .model_dump_json()
        .encode(),
        f"{place}/evaluate-20260101-000000-abcdef/record.json": b"{}",
    }
    before = delivered.contents(bucket, planted)
    for key, content in planted.items():
        s3.put_object(Bucket=bucket, Key=key, Body=content)
    clone = clone_of(delivered, tmp_path)
    done = delivered.rml("runs", "fetch", repository=clone, COLUMNS="200")
    delivered.restore(bucket, before)  # the module's other tests read it
    assert done.returncode == ExitStatus.DATA
    assert list(runs_in(clone)) == ["register"]
    for said in (
        "its bytes are not those of the record",
        "the record does not name it",
        "it was changed: an entry in the trail's bucket has another hash of it",
        "not a record of a run",
    ):
        assert said in done.stderr
    assert "Traceback" not in done.stderr


# --- the trail's anchors ---


def test_a_whole_trail_is_anchored_under_lock(delivered: Delivered) -> None:
    done = delivered.rml("runs", "verify")
    assert done.returncode == 0
    newest = delivered.store.trail.last()
    assert newest is not None
    place = f"anchored in s3://{TRAIL_BUCKET}/credit-default/dev up to entry {newest.number}"
    assert f"{place} (Object Lock, compliance, 10 years)" in " ".join(done.stdout.split())


def cut(repository: Path) -> str:
    """Takes the newest run out of the trail and the store, as if it had never been."""
    trail = repository / "runs/trail.jsonl"
    *kept, last = trail.read_text().splitlines(keepends=True)
    trail.write_text("".join(kept))
    run: str = json.loads(last)["id"]
    shutil.rmtree(repository / "runs" / run)
    return run


def test_a_cut_off_tail_is_found_by_the_bucket_even_behind_marks_of_deletion(
    delivered: Delivered, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(delivered.repository, tmp_path / "copy", symlinks=True))
    cut(copy)
    assert rml(copy, "runs", "verify").returncode == 0  # nothing on this machine tells
    s3 = delivered.account.client("s3")
    for key in delivered.objects(TRAIL_BUCKET, ""):
        s3.delete_object(Bucket=TRAIL_BUCKET, Key=key)
    assert not delivered.objects(TRAIL_BUCKET, "")
    done = delivered.rml("runs", "verify", repository=copy)
    assert done.returncode == ExitStatus.FOUND
    assert "the end of the trail was cut off" in done.stdout


def test_a_trail_that_was_written_anew_is_found_by_the_runs_that_were_made_here(
    delivered: Delivered, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(delivered.repository, tmp_path / "copy", symlinks=True))
    store = RunStore(copy / "runs")
    records = {run.id: copy / "runs" / run.id / "record.json" for run in store.all()}
    store.trail.path.unlink()
    store.trail.begin("run", records)
    assert rml(copy, "runs", "verify").returncode == 0
    done = delivered.rml("runs", "verify", repository=copy)
    assert done.returncode == ExitStatus.FOUND
    assert "the trail was written anew" in " ".join(done.stdout.split())


def test_a_bucket_without_a_lock_and_none_at_all_are_said(
    delivered: Delivered, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(delivered.repository, tmp_path / "copy", symlinks=True))
    # Another project in the same account: its bucket has another name.
    config = copy / "config/project.yaml"
    config.write_text(config.read_text().replace("credit-default", "credit-other"))
    done = delivered.rml("runs", "verify", repository=copy)
    assert (done.returncode, "anchored nowhere on AWS" in done.stderr) == (0, True)
    place = {"LocationConstraint": REGION}
    bucket = TRAIL_BUCKET.replace("default", "other")
    s3 = delivered.account.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    done = delivered.rml("runs", "verify", repository=copy)
    s3.delete_bucket(Bucket=bucket)
    assert (done.returncode, "has no Object Lock" in done.stderr) == (0, True)


# --- endpoints and predictions that only AWS knows ---


def test_an_endpoint_and_its_predictions_lead_to_the_version_that_sagemaker_says(
    delivered: Delivered,
) -> None:
    train = delivered.store.latest("train")
    assert train is not None and train.remote is not None
    serve(delivered, "credit-default-dev", f"{train.remote.facts['outputs']}/model.tar.gz")
    done = delivered.rml("runs", "lineage", "credit-default-dev", "--format", "json")
    assert [row["step"] for row in json.loads(done.stdout)][-1] == "register"
    assert "that it serves this version is what SageMaker says" in " ".join(done.stderr.split())
    event = {
        "captureData": {"endpointOutput": {"data": "0.25", "encoding": "CSV"}},
        "eventMetadata": {"eventId": "event-1", "inferenceTime": "2099-01-01T00:00:00Z"},
        "eventVersion": "0",
    }
    delivered.account.client("s3").put_object(
        Bucket=delivered.account.buckets[0],
        Key="credit-default/dev/capture/credit-default-dev/AllTraffic/2099/01/01/00/a.jsonl",
        Body=json.dumps(event).encode() + b"\n",
    )
    done = delivered.rml("runs", "lineage", "event-1", "--format", "json")
    *_, registered, prediction = json.loads(done.stdout)
    assert prediction["step"] == "prediction"
    assert prediction["parents"] == [registered["id"]]
    assert prediction["parameters"]["file"].startswith(f"s3://{delivered.account.buckets[0]}/")


def test_an_endpoint_of_a_foreign_model_is_of_no_version(delivered: Delivered) -> None:
    serve(delivered, "credit-default-other", "s3://elsewhere/model.tar.gz")
    done = delivered.rml("runs", "lineage", "credit-default-other")
    assert done.returncode == ExitStatus.DATA
    assert "s3://elsewhere/model.tar.gz, which is no version known here" in done.stderr


def serve(delivered: Delivered, name: str, model: str) -> None:
    client = delivered.account.client("sagemaker")
    client.create_model(
        ModelName=name,
        ExecutionRoleArn=delivered.account.role,
        PrimaryContainer={"Image": "an-image", "ModelDataUrl": model},
    )
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1,
    }
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
