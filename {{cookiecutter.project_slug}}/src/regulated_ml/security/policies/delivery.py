"""Who may do what in the delivery: the pipeline, its builds, and what starts it.

A build trains as a data scientist does, with the same statements and guardrails. None approves,
promotes or deploys: those are acts of a person, whom the records name.
"""

from regulated_ml.security.policies import places
from regulated_ml.security.policies.documents import Document, document
from regulated_ml.security.policies.places import service
from regulated_ml.security.policies.roles import Role
from regulated_ml.security.policies.tables import DATA_SCIENTIST, EXECUTION, IN_CODECOMMIT, Row

NAME = "${Slug}-${Environment}-delivery"
STAGES = ("test", "train")
PROJECTS = tuple(
    f"arn:${{AWS::Partition}}:codebuild:${{AWS::Region}}:${{AWS::AccountId}}:project/{NAME}-{each}"
    for each in STAGES
)
_LOGS = (
    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"
    f"/aws/codebuild/{NAME}-*:log-stream:*"
)
_REPORTS = (
    "arn:${AWS::Partition}:codebuild:${AWS::Region}:${AWS::AccountId}:"
    f"report-group/{NAME}-test-*"
)
_OBJECTS = f"{places.DELIVERY_BUCKET}/*"
OBJECTS = Row(
    "UseArtefacts",
    ("s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"),
    (_OBJECTS,),
)
KEY = Row(
    "UseTheKeyForArtefactsAndTheRepository",
    IN_CODECOMMIT,
    (places.KEY,),
    {"StringEquals": {"kms:ViaService": [service("codecommit"), service("s3")]}},
)
# A build has an interface in the VPC, as a job of SageMaker has.
_NETWORK = tuple(
    row
    for row in EXECUTION
    if row.sid in ("SeeTheNetwork", "MakeInterfaces", "MakeInterfacesInTheVpc", "RemoveInterfaces")
)
BUILD = (
    Row("Log", ("logs:CreateLogStream", "logs:PutLogEvents"), (_LOGS,)),
    Row(
        "ReportTests",
        (
            "codebuild:BatchPutTestCases",
            "codebuild:CreateReport",
            "codebuild:CreateReportGroup",
            "codebuild:UpdateReport",
        ),
        (_REPORTS,),
    ),
    Row("ReadTheRepository", ("codecommit:GitPull",), (places.REPOSITORY,)),
    OBJECTS,
    KEY,
    *_NETWORK,
    Row(
        "LetCodeBuildAttachInterfaces",
        ("ec2:CreateNetworkInterfacePermission",),
        (places.INTERFACES,),
        {
            "ArnEquals": {"ec2:Vpc": places.VPC},
            "StringEquals": {"ec2:AuthorizedService": "codebuild.amazonaws.com"},
        },
    ),
)
PIPELINE = (
    Row(
        "TakeTheSource",
        (
            "codecommit:GetBranch",
            "codecommit:GetCommit",
            "codecommit:GetRepository",
            "codecommit:GetUploadArchiveStatus",
            "codecommit:UploadArchive",
        ),
        (places.REPOSITORY,),
    ),
    Row("Build", ("codebuild:BatchGetBuilds", "codebuild:StartBuild"), PROJECTS),
    Row("AskForApproval", ("sns:Publish",), (places.ALERTS,)),
    OBJECTS,
    KEY,
    Row(
        "UseTheKeyForMessages",
        ("kms:Decrypt", "kms:GenerateDataKey"),
        (places.KEY,),
        {"StringEquals": {"kms:ViaService": service("sns")}},
    ),
)
START = (Row("StartTheDelivery", ("codepipeline:StartPipelineExecution",), (places.DELIVERY,)),)


def _trust(name: str) -> Document:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{name}.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}},
    }
    return document([statement])


# Services alone take these.
ROLES = {
    "PipelineRole": Role(f"{NAME}-pipeline", _trust("codepipeline"), PIPELINE),
    "TestRole": Role(f"{NAME}-test", _trust("codebuild"), ()),
    "TrainRole": Role(f"{NAME}-train", _trust("codebuild"), DATA_SCIENTIST),
    "StartRole": Role(f"{NAME}-start", _trust("events"), START),
}
BUILDS = ("TestRole", "TrainRole")
