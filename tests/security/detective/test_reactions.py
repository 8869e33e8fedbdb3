"""An event for each operation of the controls: what breaks one is stopped, deleted or reported."""

import datetime
import json
from typing import Any

import pytest
from aws import Moto

from regulated_ml.security.catalogue import standard_controls
from regulated_ml.security.detective.reactions import REACTIONS, REPORTED
from security.expected import cases, table
from security.expected.values import Team

from .lambda_runtime import Function
from .reactions import STOPPED_OR_DELETED
from .sagemaker_double import SageMakerDouble
from .trail import SOMEBODY, event, in_a_message

COVERED = sorted({name for name in (*table.by_operation(), *table.refused()) if "." not in name})


def answer(operation: str) -> dict[str, Any]:
    """What AWS answers; the reactions that need an ARN find it here."""
    arn = "arn:aws:sagemaker:eu-central-1:111122223333:thing/credit-default-1"
    named = {
        "CreateModelPackage": "ModelPackageArn",
        "CreateTrainingJob": "TrainingJobArn",
        "CreateMlflowApp": "Arn",
        "CreatePartnerApp": "Arn",
        "StartPipelineExecution": "PipelineExecutionArn",
    }
    return {named[operation]: arn} if operation in named else {}


def wrong(operation: str, team: Team) -> list[dict[str, Any]]:
    """Requests that break one control each."""
    if operation in table.refused():
        return [cases.minimal(operation, team)]
    right = cases.complete(operation, team)
    return [
        cases.with_value(right, row, value, team)
        for row in table.by_operation()[operation]
        for value in cases.bad(row, team)[:1]
    ]


@pytest.mark.slow
def test_what_breaks_a_control_is_found_for_every_operation(
    on_double: Function, double: SageMakerDouble, topic: str, the_team: Team, record_property: Any
) -> None:
    given = [(name, request) for name in COVERED for request in wrong(name, the_team)]
    events = [event(name, request, answer(name)) for name, request in given]
    results = on_double.answers(events)
    missed = [
        name
        for (name, _), result in zip(given, results, strict=True)
        if not result.get("finding", {}).get("violations")
    ]
    assert not missed
    record_property("operations", len(COVERED))
    record_property("events", len(events))


@pytest.mark.slow
def test_what_was_made_is_stopped_or_deleted_by_the_right_call(
    on_double: Function, double: SageMakerDouble, topic: str, the_team: Team
) -> None:
    given = [(n, request) for n in STOPPED_OR_DELETED for request in wrong(n, the_team)]
    results = on_double.answers(event(name, request, answer(name)) for name, request in given)
    done: dict[str, set[str]] = {}
    for (name, _), result in zip(given, results, strict=True):
        done.setdefault(name, set()).add(result["finding"]["done"])
    only_told = "reported: its severity stops nothing"
    assert {name: said - {only_told} for name, said in done.items()} == {
        name: {call} for name, call in STOPPED_OR_DELETED.items()
    }
    made = [operation for operation, _ in double.calls if operation != "AddTags"]
    assert made == [r["finding"]["done"] for r in results if r["finding"]["done"] != only_told]


def test_every_operation_has_a_reaction_or_a_reason_for_none() -> None:
    pairs = standard_controls().pairs("dev")
    severe = {p.operation for p in pairs if p.control.severity in ("high", "critical")}
    ours = {name for name in severe if "." not in name and name != "*"}
    assert len(ours) > 60
    assert ours - set(REACTIONS) - set(REPORTED) == set()
    assert not set(REACTIONS) & set(REPORTED)


def test_each_reaction_is_the_one_written_by_hand() -> None:
    assert {name: each.call for name, each in REACTIONS.items()} == {
        **STOPPED_OR_DELETED,
        "CreateEndpoint": "DeleteEndpoint",
    }
    assert all(len(reason) > 20 for reason in REPORTED.values())


def test_what_obeys_the_controls_is_left_alone(
    on_double: Function, double: SageMakerDouble, topic: str, the_team: Team
) -> None:
    names = [name for name in COVERED if name not in table.refused()]
    double.answers = {
        "DescribeEndpointConfig": cases.complete("CreateEndpointConfig", the_team),
        "DescribeModel": cases.complete("CreateModel", the_team),
    }
    results = on_double.answers(
        [event(name, cases.complete(name, the_team), answer(name)) for name in names]
    )
    found = [
        (name, result) for name, result in zip(names, results, strict=True) if result["finding"]
    ]
    assert not found
    assert {operation for operation, _ in double.calls} <= set(double.answers)


@pytest.fixture
def training(the_team: Team) -> dict[str, Any]:
    """A training outside the VPC."""
    request = cases.complete("CreateTrainingJob", the_team)
    request["TrainingJobName"] = "credit-default-train-1"
    request["VpcConfig"] = {"Subnets": ["subnet-9"], "SecurityGroupIds": ["sg-9"]}
    return request


def test_a_job_is_stopped_marked_and_told(
    on_double: Function,
    double: SageMakerDouble,
    topic: str,
    moto: Moto,
    training: dict[str, Any],
) -> None:
    arn = "arn:aws:sagemaker:eu-central-1:111122223333:training-job/credit-default-train-1"
    (result,) = on_double.answers([event("CreateTrainingJob", training, {"TrainingJobArn": arn})])
    assert double.calls == [
        ("StopTrainingJob", {"TrainingJobName": "credit-default-train-1"}),
        (
            "AddTags",
            {"ResourceArn": arn, "Tags": [{"Key": "rml-violations", "Value": "RML-VPC-1"}]},
        ),
    ]
    assert [line["finding"] for line in on_double.lines] == [result["finding"]]
    (message,) = moto.client("sqs").receive_message(QueueUrl=topic)["Messages"]
    told = json.loads(json.loads(message["Body"])["Message"])
    assert told["name"] == "credit-default-train-1"
    assert {each["control"] for each in told["violations"]} == {"RML-VPC-1"}
    metrics = moto.client("cloudwatch").list_metrics(Namespace="regulated-ml/credit-default/dev")
    assert [each["MetricName"] for each in metrics["Metrics"]] == ["Findings"]


def test_a_lacking_tag_is_told_and_stops_nothing(
    on_double: Function, double: SageMakerDouble, topic: str, the_team: Team
) -> None:
    request = cases.complete("CreateTrainingJob", the_team)
    del request["Tags"]
    (result,) = on_double.answers([event("CreateTrainingJob", request)])
    assert [each["control"] for each in result["finding"]["violations"]] == ["RML-TAG-1"]
    assert not double.calls


def test_what_aws_refused_and_what_others_made_is_left_alone(
    on_double: Function, double: SageMakerDouble, topic: str, training: dict[str, Any]
) -> None:
    theirs = {**training, "TrainingJobName": "another-project-1", "Tags": [], "RoleArn": SOMEBODY}
    other_service = event("CreateTrainingJob", training)
    other_service["detail"]["eventSource"] = "s3.amazonaws.com"
    events = [
        event("CreateTrainingJob", training, errorCode="AccessDenied"),
        event("CreateTrainingJob", theirs, caller=SOMEBODY),
        other_service,
        {},
    ]
    assert on_double.answers(events) == [{"finding": {}}] * 4
    assert not double.calls


def _tags(project: str, environment: str) -> list[dict[str, str]]:
    return [
        {"Key": "project", "Value": project},
        {"Key": "environment", "Value": environment},
    ]


@pytest.mark.parametrize(
    "mark",
    [
        {"TrainingJobName": "credit-default-x"},
        {"Tags": _tags("credit-default", "dev")},
        {"RoleArn": "arn:aws:iam::111122223333:role/regulated-ml/CreditDefaultExecution"},
    ],
    ids=["name", "tag", "role"],
)
def test_what_is_the_projects_is_known_by_name_tag_or_role(
    on_double: Function,
    double: SageMakerDouble,
    topic: str,
    training: dict[str, Any],
    mark: dict[str, Any],
) -> None:
    foreign = {**training, "TrainingJobName": "another-1", "Tags": [], "RoleArn": SOMEBODY}
    on_double.answers([event("CreateTrainingJob", {**foreign, **mark}, caller=SOMEBODY)])
    assert "StopTrainingJob" in [operation for operation, _ in double.calls]


@pytest.mark.parametrize(
    "tags",
    [_tags("credit-default", "prod"), _tags("credit-default-cards", "dev")],
    ids=["prod in the same account", "a slug that ours begins"],
)
def test_what_tags_give_to_another_function_is_left_to_it(
    on_double: Function,
    double: SageMakerDouble,
    topic: str,
    training: dict[str, Any],
    tags: list[dict[str, str]],
) -> None:
    theirs = {
        **training,
        "TrainingJobName": "credit-default-cards-1",
        "Tags": tags,
        "RoleArn": SOMEBODY,
    }
    events = [event("CreateTrainingJob", theirs, caller=SOMEBODY)]
    assert on_double.answers(events) == [{"finding": {}}]
    assert not double.calls


@pytest.mark.parametrize("tags", [[], "HIDDEN_DUE_TO_SECURITY_REASONS"], ids=["none", "hidden"])
def test_the_name_decides_where_there_are_no_tags(
    on_double: Function,
    double: SageMakerDouble,
    topic: str,
    training: dict[str, Any],
    tags: Any,
) -> None:
    request = {**training, "RoleArn": SOMEBODY}
    of_the_name = event("CreateTrainingJob", request, caller=SOMEBODY)
    of_the_name["detail"]["requestParameters"]["tags"] = tags
    (result,) = on_double.answers([of_the_name])
    assert result["finding"]["done"] == "StopTrainingJob"


def test_an_event_that_comes_again_does_no_harm(
    on_double: Function, double: SageMakerDouble, topic: str, training: dict[str, Any]
) -> None:
    said = "The request was rejected because the training job is in status Stopped."
    double.errors["StopTrainingJob"] = said
    (result,) = on_double.answers([event("CreateTrainingJob", training)])
    assert result["finding"]["done"] == "StopTrainingJob: done already"


def test_what_cannot_be_stopped_yet_is_told_once_and_tried_again(
    on_double: Function, double: SageMakerDouble, topic: str, moto: Moto, the_team: Team
) -> None:
    request = cases.complete("CreateNotebookInstance", the_team)
    request["DirectInternetAccess"] = "Enabled"
    double.errors["StopNotebookInstance"] = "Status (Pending) not in ([InService])"
    made = event("CreateNotebookInstance", request)
    results = on_double.answers([in_a_message(made, times=times) for times in (1, 2)])
    # Lambda sees an exception, and the queue gives the event again.
    assert all("Pending" in result["error"] for result in results)
    assert _told(moto, topic) == ["could not be stopped yet"]
    double.errors.clear()
    (result,) = on_double.answers([in_a_message(made, times=3)])
    assert result["finding"]["done"] == "StopNotebookInstance"
    assert _told(moto, topic) == ["StopNotebookInstance"]


def _told(moto: Moto, queue: str) -> list[str]:
    """What was done, by the messages that have come since."""
    sqs, found = moto.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=queue).get("Messages"):
        for message in messages:
            done = json.loads(json.loads(message["Body"])["Message"])["done"]
            found.append(done.partition(":")[0])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_an_endpoint_is_deleted_at_last_when_its_configuration_is_gone_by_then(
    on_double: Function, double: SageMakerDouble, topic: str, the_team: Team
) -> None:
    double.errors["DescribeEndpointConfig"] = "Could not find endpoint configuration"
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=30)
    request = cases.complete("CreateEndpoint", the_team)
    made = event("CreateEndpoint", request, eventTime=then.strftime("%Y-%m-%dT%H:%M:%SZ"))
    (result,) = on_double.answers([in_a_message(made, times=6)])
    assert result["finding"]["done"] == "DeleteEndpoint"


def test_a_hidden_value_is_not_held_against_anybody(
    on_double: Function, double: SageMakerDouble, topic: str, the_team: Team
) -> None:
    request = cases.complete("CreateTrainingJob", the_team)
    request["OutputDataConfig"]["KmsKeyId"] = "HIDDEN_DUE_TO_SECURITY_REASONS"
    assert on_double.answers([event("CreateTrainingJob", request)]) == [{"finding": {}}]


def test_a_value_that_only_contains_the_marker_hides_nothing(
    on_double: Function, double: SageMakerDouble, topic: str, the_team: Team
) -> None:
    request = cases.complete("CreateTrainingJob", the_team)
    request["OutputDataConfig"]["S3OutputPath"] = "s3://mine/HIDDEN_DUE_TO_SECURITY_REASONS/"
    (result,) = on_double.answers([event("CreateTrainingJob", request)])
    assert result["finding"]["done"] == "StopTrainingJob"


NOT_DONE = {
    "a name in quotes": ("ValidationException", 'Cannot stop in-progress job "x-already-y" now.'),
    "an ARN": (
        "ValidationException",
        "Cannot stop arn:aws:sagemaker:eu-central-1:111122223333:training-job/x-already-y yet",
    ),
    "the bare name": ("ValidationException", "Cannot stop credit-default-already-1 yet"),
    "a denial": ("AccessDeniedException", "No policy allows it; the role does not exist"),
}


@pytest.mark.parametrize(("code", "said"), NOT_DONE.values(), ids=NOT_DONE)
def test_what_somebody_wrote_into_a_name_does_not_count_as_done(
    on_double: Function,
    double: SageMakerDouble,
    topic: str,
    training: dict[str, Any],
    code: str,
    said: str,
) -> None:
    double.errors["StopTrainingJob"], double.codes["StopTrainingJob"] = said, code
    request = {**training, "TrainingJobName": "credit-default-already-1"}
    (result,) = on_double.answers([event("CreateTrainingJob", request)])
    assert said in result["error"]


@pytest.mark.parametrize(
    "said",
    [
        "The job is in status 'Stopped'.",
        'Could not find model "credit-default-m".',
        "Requested resource not found.",
    ],
)
def test_what_is_over_counts_as_done(
    on_double: Function, double: SageMakerDouble, topic: str, training: dict[str, Any], said: str
) -> None:
    double.errors["StopTrainingJob"] = said
    (result,) = on_double.answers([event("CreateTrainingJob", training)])
    assert result["finding"]["done"] == "StopTrainingJob: done already"


def test_a_request_that_cloudtrail_left_out_is_told(
    on_double: Function, double: SageMakerDouble, topic: str
) -> None:
    (result,) = on_double.answers(
        [event("CreateTrainingJob", None, requestParameters={"omitted": True})]
    )
    assert "by hand" in result["finding"]["note"]
    assert not double.calls
