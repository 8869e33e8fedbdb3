"""The container image that jobs run in: AWS's managed XGBoost container, in one version."""

import re
from typing import Any

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.security import clients

ADDRESS = re.compile(r"(\d{12})\.dkr\.ecr\.[^/]+/([^:@]+):(.+)")  # registry, repository, tag

# With these codes the registry says that it does not know the image, or may not tell of it.
UNTOLD = {"RepositoryNotFoundException", "ImageNotFoundException", "AccessDeniedException"}

FRAMEWORK, VERSION = "xgboost", "3.2-0"
# What that version holds, as far as jobs may import it (aws/sagemaker-xgboost-container).
CONTENTS = {
    "python": "3.12",
    "numpy": "2.1.0",
    "pandas": "2.2.3",
    "pyarrow": "22.0.0",
    "scikit-learn": "1.8.0",
    "scipy": "1.15.0",
    "xgboost": "3.2.0",
}


def uri(region: str) -> str:
    """The image's address in the registry that AWS keeps in a region; no call is made."""
    with clients.packages():
        from sagemaker.core import image_uris
    try:
        address: str = image_uris.retrieve(FRAMEWORK, region, version=VERSION)
    except ValueError as error:
        rule = f"AWS offers its container {FRAMEWORK} {VERSION} there: {error}"
        fix = "take a region in which it does"
        raise UserError.one("aws_region", region, rule, fix, ExitStatus.CONFIGURATION) from error
    return address


def monitor(framework: str, region: str) -> str:
    """The address of Model Monitor's analyser, `model-monitor`, or of Clarify's, `clarify`."""
    with clients.packages():
        from sagemaker.core import image_uris
    try:
        address: str = image_uris.retrieve(framework, region)
    except ValueError as error:
        rule = f"AWS offers {framework} there: {error}"
        fix = "monitor with `rml monitor run`, or take a region in which it does"
        raise UserError.one("aws_region", region, rule, fix, ExitStatus.CONFIGURATION) from error
    return address


def digest(address: str, registry: Any) -> str | None:
    """The SHA-256 of an image, as a client of ECR tells it; None where it may not, or does not.

    Whatever else AWS refuses is raised as botocore raises it.
    """
    from botocore.exceptions import ClientError

    match = ADDRESS.fullmatch(address)
    if match is None:
        return None
    account, repository, tag = match.groups()
    try:
        # The one call that AWS allows on its own registries: what pulls the image asks it, too.
        answer = registry.batch_get_image(
            registryId=account, repositoryName=repository, imageIds=[{"imageTag": tag}]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] not in UNTOLD:
            raise
        return None
    found = [image["imageId"].get("imageDigest") for image in answer.get("images", [])]
    return found[0] if found else None
