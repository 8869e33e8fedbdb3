"""One more environment: its questions, the rules for its values, and the file made of them.

The file looks as if the template had rendered it; a test holds the two together, and the questions
to those of the template.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import write_text
from regulated_ml.identifiers import Problem, check, check_answers, fields, listed, visible
from regulated_ml.settings.controls import Exceptions
from regulated_ml.settings.loading import LOCAL, environments
from regulated_ml.settings.reading import content, did_you_mean, section
from regulated_ml.settings.rules import EXCEPTIONS, tracker_problems
from regulated_ml.settings.separation import ENVIRONMENTS, separation_problems

# The values of an environment in the order of its file, each with its question.
QUESTIONS = {
    "aws_account_id": "The AWS account that it will run in, 12 digits (for example: 111122223333)",
    "aws_region": "The AWS region (for example: eu-central-1)",
    "vpc_id": "The VPC (for example: vpc-0a1b2c3d4e5f60718)",
    "subnet_ids": "Two or more private subnets, with commas"
    " (for example: subnet-0a1b2c3d, subnet-4e5f6071)",
    "security_group_ids": "One to five security groups, with commas (for example: sg-0a1b2c3d)",
    "kms_key_arn": "The ARN of the KMS key (for example:"
    " arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab)",
    "execution_role_arn": "The ARN of the role that jobs run as"
    " (for example: arn:aws:iam::111122223333:role/CreditDefault)",
    "data_bucket": "The S3 bucket for data"
    " (for example: credit-default-data-111122223333-eu-central-1)",
    "model_bucket": "The S3 bucket for models, another one"
    " (for example: credit-default-model-111122223333-eu-central-1)",
}

# What an environment may have besides; nobody is asked for it.
OPTIONAL = ("mlflow_arn",)

COMMENT = (
    "# Where the jobs of the environment `{name}` run. The rules for each value are those of the"
    " template's\n"
    "# questions; `rml --env {name}` checks them before anything leaves the machine.\n"
)


class Overview(NamedTuple):
    """An environment as its file shows it, right or wrong."""

    name: str
    account: str
    region: str
    problems: tuple[Problem, ...]


def file_of(name: str) -> str:
    """The file of an environment, from the root of the repository."""
    return f"{ENVIRONMENTS}/{name}.yaml"


def name_problems(root: Path, name: str, replace: bool) -> list[Problem]:
    """Why no environment of this name can be added."""
    if problems := check("environment", name, "NAME"):
        return problems
    if name == LOCAL:
        rule = f"another name than {LOCAL}, which is this machine and needs no file"
        return [Problem("NAME", name, rule, "choose a name like test or prod")]
    if name in environments(root) and not replace:
        rule, fix = "a name that is not taken yet", f"choose another, or edit {file_of(name)}"
        return [Problem("NAME", name, rule, f"{fix}, or write it anew with --replace")]
    return []


def value_problems(root: Path, name: str, values: Mapping[str, Any]) -> list[Problem]:
    """Every mistake in the values of an environment: by the rules, and beside the others."""
    problems = check_answers(values, only=QUESTIONS)
    problems += tracker_problems(values, problems)
    wrong = {problem.field for problem in problems}
    right = {field: value for field, value in values.items() if field not in wrong}
    agreed = section(root, EXCEPTIONS, Exceptions, problems)
    return problems + separation_problems(root, name, right, agreed.exceptions if agreed else ())


def read(file: Path) -> dict[str, Any]:
    """The values in a file that somebody has prepared."""
    problems: list[Problem] = []
    found = content(file, str(file), problems)
    if not problems and not isinstance(found, dict):
        rule, fix = "keys with values, in YAML", f"write lines like aws_region: {'eu-central-1'!r}"
        problems.append(Problem(str(file), visible(str(found)), rule, fix))
    if problems:
        raise UserError(problems, ExitStatus.CONFIGURATION)
    values: dict[str, Any] = found
    return values


def assigned(texts: Iterable[str]) -> dict[str, str]:
    """The values of texts like `aws_region=eu-central-1`."""
    values, problems = {}, []
    for text in texts:
        key, equals, value = text.partition("=")
        values[key] = value
        if not equals:
            rule, fix = "key=value", "write the key, an equals sign and the value"
            problems.append(Problem("--set", visible(text), rule, fix))
    if problems:
        raise UserError(problems, ExitStatus.USAGE)
    return values


def unknown_keys(values: Mapping[Any, Any]) -> list[Problem]:
    """A problem for each key that no environment has."""
    known = [*QUESTIONS, *OPTIONAL]
    return [
        Problem(
            visible(str(key)),
            visible(str(value)),
            "no such key",
            did_you_mean(str(key), known) or f"known keys: {', '.join(known)}",
        )
        for key, value in values.items()
        if key not in known
    ]


def write(root: Path, name: str, values: Mapping[str, Any]) -> Path:
    """Writes the environment's file, whole or not at all; the values must have no problems."""
    path = root / file_of(name)
    write_text(path, rendered(name, values))
    return path


def rendered(name: str, values: Mapping[str, Any]) -> str:
    """The file. JSON's quotes are YAML's too, so that no value is read as anything but a text."""
    lines: list[str] = []
    for field in QUESTIONS:
        if fields()[field].most == 1:
            lines.append(f"{field}: {_quoted(values[field])}")
        else:
            lines.append(f"{field}:")
            lines += (f"  - {_quoted(value)}" for value in listed(values[field]))
    lines += (f"{field}: {_quoted(values[field])}" for field in OPTIONAL if values.get(field))
    return COMMENT.format(name=name) + "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def overview(root: Path) -> list[Overview]:
    """The environments, `local` first, with what is wrong in the file of each."""
    return [_overview(root, name) for name in environments(root)]


def _overview(root: Path, name: str) -> Overview:
    if name == LOCAL:
        return Overview(name, "", "", ())
    problems: list[Problem] = []
    found = content(root / file_of(name), file_of(name), problems)
    values = found if isinstance(found, dict) else {}
    if not problems:
        problems += check("environment", name, "NAME")
        problems += unknown_keys(values)
        problems += value_problems(root, name, values)
    account, region = (str(values.get(key, "")) for key in ("aws_account_id", "aws_region"))
    return Overview(name, visible(account), visible(region), tuple(problems))
