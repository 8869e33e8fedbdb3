"""The stacks of an environment in the order of deployment, and the commands for it."""

import shlex
from typing import NamedTuple

from regulated_ml.security.catalogue import load
from regulated_ml.security.clients import platform
from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies import parameters, templates
from regulated_ml.settings import Settings


class Stack(NamedTuple):
    """A stack of an environment."""

    name: str
    file: str
    parameters: dict[str, str]
    untold: tuple[str, ...]  # parameters that no setting says

    def command(self, region: str) -> str:
        """The command of the AWS CLI that deploys it; what is untold stands in angle brackets."""
        values = {**self.parameters, **{name: f"<{name}>" for name in self.untold}}
        words = ["aws", "cloudformation", "deploy", "--region", region]
        words += ["--stack-name", self.name, "--template-file", self.file]
        words += ["--capabilities", "CAPABILITY_NAMED_IAM", "--parameter-overrides"]
        return shlex.join([*words, *(f"{name}={value}" for name, value in values.items())])


def stacks(settings: Settings) -> list[Stack]:
    """Every stack of an environment."""
    controls = load(settings)
    return [_stack(settings, controls, file) for file in templates.FILES]


def _stack(settings: Settings, controls: Controls, file: templates.File) -> Stack:
    purpose = file.name.removesuffix(".yaml")
    names = file.make(controls).parameters()
    untold = parameters.person_parameters()
    platform(settings)
    return Stack(
        f"{settings.project.project_slug}-{settings.environment}-{purpose}",
        f"{templates.FOLDER}/{file.name}",
        parameters.overrides(settings, names),
        tuple(name for name in names if name in untold),
    )
