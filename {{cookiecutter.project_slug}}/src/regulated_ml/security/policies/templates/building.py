"""How a template is put together: its parameters follow from what its resources name."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import yaml

from regulated_ml.security.policies.documents import condition_name, names_in, reference
from regulated_ml.security.policies.parameters import PARAMETERS

Resource = dict[str, Any]
HEAD = (
    "# Made by `rml security policies --write` from the controls; a change here is lost.\n"
    "# `rml security policies --parameters` prints the values of an environment.\n"
)
TAGS = [
    {"Key": "project", "Value": "${Slug}"},
    {"Key": "environment", "Value": "${Environment}"},
    {"Key": "owner", "Value": "${Owner}"},
    {"Key": "cost-center", "Value": "${CostCenter}"},
    {"Key": "data-classification", "Value": "${DataClassification}"},
]
KEPT = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


class Template(NamedTuple):
    """A template with placeholders for parameters."""

    description: str
    resources: Mapping[str, Resource]
    outputs: Mapping[str, tuple[str, Any]] = {}  # description and value
    environments: Iterable[tuple[str, ...]] = ()  # those that statements hold in

    def parameters(self) -> list[str]:
        """The parameters that it names, in the order of the table."""
        used = names_in([self.resources, [value for _, value in self.outputs.values()]])
        if any(self.environments):
            used.add("Environment")
        return [name for name in PARAMETERS if name in used]


def resource(kind: str, properties: Mapping[str, Any], **more: Any) -> Resource:
    """A resource; `more` are its attributes beside the properties."""
    return {"Type": kind, **more, "Properties": dict(properties)}


def skip(**reasons: str) -> dict[str, Any]:
    """Checks of checkov that do not fit a resource, each with the reason."""
    rows = [{"id": name, "comment": reason} for name, reason in sorted(reasons.items())]
    return {"Metadata": {"checkov": {"skip": rows}}}


def text(template: Template) -> str:
    """The file of a template."""
    content: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": template.description,
        "Parameters": {name: _parameter(name) for name in template.parameters()},
    }
    held = sorted({each for each in template.environments if each})
    if held:
        content["Conditions"] = {condition_name(each): _is_one_of(each) for each in held}
    content["Resources"] = reference(template.resources)
    if template.outputs:
        content["Outputs"] = {
            name: {"Description": words, "Value": reference(value)}
            for name, (words, value) in template.outputs.items()
        }
    return HEAD + str(yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=110))


def _parameter(name: str) -> dict[str, str]:
    known = PARAMETERS[name]
    content = {"Type": known.kind, "Description": known.description}
    if known.pattern:
        content["AllowedPattern"] = known.pattern
    return content


def _is_one_of(environments: tuple[str, ...]) -> dict[str, Any]:
    tests = [{"Fn::Equals": [{"Ref": "Environment"}, name]} for name in environments]
    return tests[0] if len(tests) == 1 else {"Fn::Or": tests}


class _Dumper(yaml.SafeDumper):
    """Writes every value where it stands: no anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)
