"""The rows of what is listed, held to botocore's model and to the catalogue."""

import pytest
from botocore.session import Session

from regulated_ml.security.audit.describing import as_request, is_visible
from regulated_ml.security.audit.resources import (
    NOT_LISTED,
    RESOURCES,
    Resource,
    created_by,
)
from regulated_ml.security.catalogue import standard_controls

MODEL = Session().get_service_model("sagemaker")
BY_CREATE = {row.create: row for row in RESOURCES}
every_row = pytest.mark.parametrize("row", RESOURCES, ids=lambda row: row.create)

# Written by hand: what AWS's descriptions do not say, by operation and field.
HIDDEN = {
    ("CreateInferenceComponent", "Specifications[].Container.Image"),
    ("CreateInferenceRecommendationsJob", "OutputConfig.KmsKeyId"),
    ("CreateInferenceRecommendationsJob", "OutputConfig.CompiledOutputConfig.S3OutputUri"),
    ("CreatePipeline", "PipelineDefinitionS3Location"),
    ("CreateProject", "TemplateProviders[].CfnTemplateProvider.RoleARN"),
}


@every_row
def test_a_row_names_what_aws_has(row: Resource) -> None:
    listing = MODEL.operation_model(row.list_operation)
    element = listing.output_shape.members[row.items].member.members
    assert row.create in MODEL.operation_names
    assert row.name_member in element
    for name in listing.input_shape.required_members:
        assert name in {*row.arguments, *row.of_parent, *row.choices}
    if row.parent:
        parent = BY_CREATE[row.parent]
        said = MODEL.operation_model(parent.list_operation).output_shape.members[parent.items]
        assert set(row.of_parent.values()) <= set(said.member.members)
    if row.describe_operation:
        asked = MODEL.operation_model(row.describe_operation).input_shape
        known = {*element, *row.of_parent, *row.choices}
        assert {row.keys.get(name, name) for name in asked.required_members} <= known
        assert set(row.optional_keys) <= set(asked.members)


@every_row
def test_a_renamed_field_is_in_both(row: Resource) -> None:
    for asked in row.renamed:
        request = MODEL.operation_model(row.create).input_shape.members
        assert asked.split(".")[0] in request
        assert is_visible(row, asked)


def test_every_operation_that_a_control_covers_is_listed_or_said_why_not() -> None:
    covered = {
        pair.operation
        for pair in standard_controls().pairs()
        if "local" not in pair.requirement.environments and "." not in pair.operation
    }
    assert {o for o in covered if created_by(o) is None} == set(NOT_LISTED) & covered
    assert all(len(reason) > 20 for reason in NOT_LISTED.values())


def test_fields_that_no_description_says_are_known() -> None:
    hidden = {
        (pair.operation, pair.path.replace("?", ""))
        for pair in standard_controls().pairs()
        if pair.operation in BY_CREATE
        and pair.path != "."
        and not is_visible(BY_CREATE[pair.operation], pair.path)
    }
    assert hidden == HIDDEN


def test_a_description_becomes_the_request_again() -> None:
    row = BY_CREATE["CreateNotebookInstance"]
    said = {"SecurityGroups": ["sg-1"], "RootAccess": "Disabled", "ResponseMetadata": {}}
    assert as_request(row, said, [{"Key": "a", "Value": "b"}], "arn:x/1") == {
        "SecurityGroups": ["sg-1"],
        "SecurityGroupIds": ["sg-1"],
        "RootAccess": "Disabled",
        "Tags": [{"Key": "a", "Value": "b"}],
    }


def test_what_lies_inside_a_description_is_taken_out_of_it() -> None:
    row = BY_CREATE["CreateWorkforce"]
    said = {"Workforce": {"WorkforceVpcConfig": {"VpcId": "vpc-1"}}}
    assert as_request(row, said, [], "arn:x/1")["WorkforceVpcConfig"] == {"VpcId": "vpc-1"}


def test_the_image_of_a_component_is_the_one_that_was_specified() -> None:
    container = {"DeployedImage": {"SpecifiedImage": "docker.io/x", "ResolvedImage": "y"}}
    said = {"Specification": {"Container": container}}
    request = as_request(BY_CREATE["CreateInferenceComponent"], said, [], "arn:x/1")
    assert request["Specification"]["Container"]["Image"] == "docker.io/x"
    assert "Image" not in container


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("UpdateDomain", "Domain"),
        ("CreateAutoMLJobV2", "AutoMLJob"),
        ("RegisterDevices", "Devices"),
        ("ImportHubContent", "HubContent"),
    ],
)
def test_an_operation_leads_to_what_it_makes_or_changes(operation: str, kind: str) -> None:
    row = created_by(operation)
    assert row is not None
    assert row.kind == kind


@pytest.mark.parametrize(
    ("create", "words"),
    [
        ("CreateTrainingJob", "training job"),
        ("CreateAIBenchmarkJob", "AI benchmark job"),
        ("CreateModelQualityJobDefinition", "model quality job definition"),
    ],
)
def test_kinds_are_written_in_words(create: str, words: str) -> None:
    assert BY_CREATE[create].words == words
