"""The delivery: test, train in the environment, and the approver's steps to test and to prod.

It stands in the account of the environment that trains. To approve, promote and deploy are acts of
a person, and the endpoints of a VPC let no other account's credentials pass: a stage waits for the
approver to do them, says how, and is ended by the approver's role alone.
"""

from typing import Any

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import added, guardrails, places
from regulated_ml.security.policies.delivery import (
    BUILD,
    BUILDS,
    NAME,
    ROLES,
    STAGES,
)
from regulated_ml.security.policies.documents import MANAGED, Policy, document
from regulated_ml.security.policies.roles import Role, statements
from regulated_ml.security.policies.templates.alarms import CHANGED
from regulated_ml.security.policies.templates.building import (
    KEPT,
    TAGS,
    Resource,
    Template,
    resource,
)
from regulated_ml.security.policies.templates.guards import managed
from regulated_ml.security.policies.templates.roles import by_name
from regulated_ml.security.policies.templates.storage import PRIVATE, UNFINISHED

BRANCH = "main"
IMAGE = "aws/codebuild/standard:7.0"
LOGS_KEPT = 731  # days; CloudWatch knows some numbers only
ARTEFACTS_KEPT = 90  # days
MINUTES = {"test": 60, "train": 480}
RML = ".venv/bin/rml"
TRAIN = f"""\
version: 0.2
phases:
  install:
    runtime-versions:
      python: 3.12
    commands:
      - make setup
  build:
    commands:
      - {RML} --env "$RML_TRAINS" runs fetch
      - aws s3 cp "$TABLE_ADDRESS" build/table.parquet
      - {RML} --env "$RML_TRAINS" pipeline start --wait --data build/table.parquet
      - {RML} --env "$RML_TRAINS" model register
"""
SPECIFICATIONS = {"test": "buildspec.yml", "train": TRAIN}


def template(controls: Controls) -> Template:
    """The template."""
    guards = [by_name(policy) for policy in guardrails.policies(controls)]
    resources: dict[str, Resource] = {
        "Artefacts": _bucket(),
        "ArtefactsPolicy": _bucket_policy(),
        "Build": managed(
            Policy(f"{NAME}-build", MANAGED, document(statements(BUILD))),
            "What every build of the delivery may do.",
        ),
        **{name: _role(name, each, guards) for name, each in ROLES.items()},
        **{f"{each.capitalize()}Log": _log(each) for each in STAGES},
        **{f"{each.capitalize()}Project": _project(each) for each in STAGES},
        "Delivery": _pipeline(),
        "Commit": _commit(),
        "Retrain": _retrain(),
    }
    outputs = {"PipelineArn": ("Of the delivery.", places.DELIVERY)}
    return Template(
        "The delivery: test, train, and the approver's steps to test and prod.",
        resources,
        outputs,
    )


def _bucket() -> Resource:
    encryption = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": places.KEY}
    expiry = {
        "Id": "OldArtefacts",
        "Status": "Enabled",
        "ExpirationInDays": ARTEFACTS_KEPT,
        "NoncurrentVersionExpiration": {"NoncurrentDays": ARTEFACTS_KEPT},
    }
    return resource(
        "AWS::S3::Bucket",
        {
            "BucketName": places.DELIVERY_NAME,
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"BucketKeyEnabled": True, "ServerSideEncryptionByDefault": encryption}
                ]
            },
            "LoggingConfiguration": {
                "DestinationBucketName": places.LOG_BUCKET,
                "LogFilePrefix": "Delivery/",
            },
            "LifecycleConfiguration": {"Rules": [expiry, UNFINISHED]},
            **PRIVATE,
            "Tags": TAGS,
        },
        **KEPT,
    )


def _bucket_policy() -> Resource:
    arn = places.DELIVERY_BUCKET
    statement = {
        "Sid": "TlsAlone",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": ["s3:*"],
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return resource(
        "AWS::S3::BucketPolicy",
        {"Bucket": {"Ref": "Artefacts"}, "PolicyDocument": document([statement])},
    )


def _role(name: str, known: Role, guards: list[str]) -> Resource:
    """A role that a service takes; who trains is held by the guardrails, as people are."""
    attached: list[Any] = [{"Ref": "Build"}] if name in BUILDS else []
    if name == "TrainRole":
        attached += [*guards, *map(by_name, added.policies_of("DataScientistRole"))]
    own = [{"PolicyName": "may", "PolicyDocument": document(statements(known.rows))}]
    return resource(
        "AWS::IAM::Role",
        {
            "RoleName": known.name,
            "AssumeRolePolicyDocument": known.trust,
            **({"ManagedPolicyArns": attached} if attached else {}),
            **({"Policies": own} if known.rows else {}),
            "Tags": TAGS,
        },
    )


def _log(stage: str) -> Resource:
    return resource(
        "AWS::Logs::LogGroup",
        {
            "LogGroupName": f"/aws/codebuild/{NAME}-{stage}",
            "RetentionInDays": LOGS_KEPT,
            "KmsKeyId": places.KEY,
            "Tags": TAGS,
        },
        **KEPT,
    )


def _project(stage: str) -> Resource:
    variables = {"RML_TRAINS": "${Environment}"}
    if stage == "train":
        variables["TABLE_ADDRESS"] = "${TableAddress}"
    return resource(
        "AWS::CodeBuild::Project",
        {
            "Name": f"{NAME}-{stage}",
            "Description": f"The delivery of ${{Slug}}: {stage}.",
            "ServiceRole": {"Fn::GetAtt": [f"{stage.capitalize()}Role", "Arn"]},
            "EncryptionKey": places.KEY,
            "TimeoutInMinutes": MINUTES[stage],
            "ConcurrentBuildLimit": 1,
            "Artifacts": {"Type": "CODEPIPELINE"},
            "Source": {"Type": "CODEPIPELINE", "BuildSpec": _literal(SPECIFICATIONS[stage])},
            "Environment": {
                "Type": "LINUX_CONTAINER",
                "ComputeType": "BUILD_GENERAL1_MEDIUM",
                "Image": IMAGE,
                "PrivilegedMode": False,
                "EnvironmentVariables": [
                    {"Name": name, "Value": value} for name, value in variables.items()
                ],
            },
            "VpcConfig": {
                "VpcId": "${VpcId}",
                "Subnets": "${SubnetIds}",
                "SecurityGroupIds": "${SecurityGroupIds}",
            },
            "LogsConfig": {
                "CloudWatchLogs": {
                    "Status": "ENABLED",
                    "GroupName": {"Ref": f"{stage.capitalize()}Log"},
                }
            },
            "Tags": TAGS,
        },
    )


def _literal(text: str) -> str:
    """A text in which CloudFormation fills in nothing: the shell's own names have no braces."""
    if "${" in text:
        raise ValueError("a name in braces is one of CloudFormation's parameters")
    return text


def _pipeline() -> Resource:
    source = {
        "Name": "Source",
        "ActionTypeId": _type("Source", "AWS", "CodeCommit"),
        "Configuration": {
            "RepositoryName": "${Repository}",
            "BranchName": BRANCH,
            "PollForSourceChanges": "false",
            # With its history: a record names the commit.
            "OutputArtifactFormat": "CODEBUILD_CLONE_REF",
        },
        "OutputArtifacts": [{"Name": "Source"}],
    }
    stages = [
        {"Name": "Source", "Actions": [source]},
        {"Name": "Test", "Actions": [_build("Test", "test")]},
        {"Name": "Train", "Actions": [_build("Train", "train")]},
    ]
    stages += [
        {"Name": f"PromoteTo{target}", "Actions": [_promotion(target.lower())]}
        for target in ("Test", "Prod")
    ]
    return resource(
        "AWS::CodePipeline::Pipeline",
        {
            "Name": NAME,
            "PipelineType": "V2",
            "ExecutionMode": "QUEUED",
            "RoleArn": {"Fn::GetAtt": ["PipelineRole", "Arn"]},
            "ArtifactStore": {
                "Type": "S3",
                "Location": {"Ref": "Artefacts"},
                "EncryptionKey": {"Type": "KMS", "Id": places.KEY},
            },
            "Stages": stages,
            "Tags": TAGS,
        },
    )


def _type(category: str, owner: str, provider: str) -> dict[str, str]:
    return {"Category": category, "Owner": owner, "Provider": provider, "Version": "1"}


def _build(name: str, stage: str) -> dict[str, Any]:
    return {
        "Name": name,
        "ActionTypeId": _type("Build", "AWS", "CodeBuild"),
        "Configuration": {"ProjectName": {"Ref": f"{stage.capitalize()}Project"}},
        "InputArtifacts": [{"Name": "Source"}],
    }


def _promotion(target: str) -> dict[str, Any]:
    """A stage that waits for the approver."""
    approve = "rml --env ${Environment} model approve latest, then " if target == "test" else ""
    text = (
        f"{approve}rml model promote latest --to {target}, and"
        f" rml --env {target} endpoint deploy latest; approve this when the endpoint serves."
    )
    return {
        "Name": "ByTheApprover",
        "ActionTypeId": _type("Approval", "AWS", "Manual"),
        "Configuration": {"NotificationArn": places.ALERTS, "CustomData": text},
    }


def _commit() -> Resource:
    """A commit on the branch is delivered."""
    pattern = {
        "source": ["aws.codecommit"],
        "detail-type": ["CodeCommit Repository State Change"],
        "resources": [places.REPOSITORY],
        "detail": {"referenceType": ["branch"], "referenceName": [BRANCH]},
    }
    return _starting("commit", f"Starts the delivery of what comes to {BRANCH}.", pattern)


def _retrain() -> Resource:
    """A model that is no longer what was approved is trained anew; a person approves it."""
    here = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}"
    pattern = {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "resources": [f"{here}:alarm:{CHANGED}"],
        "detail": {"state": {"value": ["ALARM"]}},
    }
    return _starting("retrain", "Starts the delivery when the model has changed.", pattern)


def _starting(name: str, why: str, pattern: dict[str, Any]) -> Resource:
    """A rule that starts the delivery."""
    target = {
        "Id": "delivery",
        "Arn": places.DELIVERY,
        "RoleArn": {"Fn::GetAtt": ["StartRole", "Arn"]},
    }
    return resource(
        "AWS::Events::Rule",
        {
            "Name": f"{NAME}-{name}",
            "Description": why,
            "EventPattern": pattern,
            "State": "ENABLED",
            "Targets": [target],
        },
    )
