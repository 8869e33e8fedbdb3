"""The team's repository, one for all of its environments."""

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import places
from regulated_ml.security.policies.templates.building import KEPT, TAGS, Template, resource


def template(controls: Controls) -> Template:
    """The template."""
    resources = {
        "CodeRepository": resource(
            "AWS::CodeCommit::Repository",
            {
                "RepositoryName": "${Repository}",
                "RepositoryDescription": "Code, configuration and infrastructure of ${Slug}.",
                "KmsKeyId": places.KEY,
                "Tags": TAGS,
            },
            **KEPT,
        )
    }
    outputs = {"CloneUrl": ("For git.", {"Fn::GetAtt": ["CodeRepository", "CloneUrlHttp"]})}
    return Template("The repository in CodeCommit, under the team's key.", resources, outputs)
