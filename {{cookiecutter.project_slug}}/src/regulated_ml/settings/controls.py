"""What controls and exceptions may say: the form of the catalogue, and of config/'s two files.

The standard's catalogue (`security/controls.yaml`) and the organisation's `config/controls.yaml`
have one form, so that a control can move from one to the other as it stands.
"""

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from regulated_ml.identifiers import filled
from regulated_ml.settings.base import Section

Severity = Literal["low", "medium", "high", "critical"]
Missing = Literal["leave", "fill", "refuse"]  # what becomes of a request that lacks the field
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Paths = Annotated[tuple[str, ...], Field(min_length=1)]

SEVERITIES: tuple[str, ...] = ("low", "medium", "high", "critical")
STRICTNESS: tuple[str, ...] = ("leave", "fill", "refuse")


class References(Section):
    """Where others ask for the same."""

    security_hub: tuple[str, ...] = ()
    config: tuple[str, ...] = ()  # rules of AWS Config
    checkov: tuple[str, ...] = ()
    prowler: tuple[str, ...] = ()
    nist_800_53: tuple[str, ...] = ()


class Must(Section):
    """What a field must be: one verb and its operand.

    `be`, `among`, `lie_in`, `come_from`, `carry` and `belong_to` name a value of the settings; see
    `security/values.py` for their names.
    """

    equal: bool | int | str | None = None  # this very value
    be: str | None = None  # the value of the settings
    among: str | None = None  # one of them, or all of them where the field is a list
    lie_in: str | None = None  # an address in S3, or a bucket, that is one of them
    come_from: str | None = None  # a container image of one of these registries
    carry: str | None = None  # tags, each with its value
    at_least: int | None = None
    at_most: int | None = None
    match: str | None = None  # the whole value, a regular expression
    absent: Literal[True] | None = None  # the field must not be there
    refused: Literal[True] | Line | None = None  # the operation as such; the text is the fix
    belong_to: str | None = None  # an ARN of this account, or a name, which is of this account

    @model_validator(mode="after")
    def _one_verb(self) -> "Must":
        if len(self.model_dump(exclude_none=True)) != 1:
            raise ValueError(
                f"one of {', '.join(type(self).model_fields)} is written, and only one"
            )
        return self

    @property
    def verb(self) -> str:
        """The verb that is written."""
        return next(iter(self.model_dump(exclude_none=True)))

    @property
    def operand(self) -> bool | int | str:
        """What the verb is about: a literal, or the name of a value of the settings."""
        value: bool | int | str = getattr(self, self.verb)
        return value


class Unless(Section):
    """Where a requirement does not ask for a field: a value at one of the paths is of the pattern.

    The pattern may name a part of identifiers.toml, as %(own_disk)s.
    """

    paths: tuple[str, ...] = ()  # from the request's root
    beside: tuple[str, ...] = ()  # from the structure that holds the field
    matches: str

    @field_validator("matches")
    @classmethod
    def _filled(cls, pattern: str) -> str:
        return filled(pattern) if "%(" in pattern else pattern

    @model_validator(mode="after")
    def _somewhere(self) -> "Unless":
        if not (self.paths or self.beside):
            raise ValueError("paths, or beside, says where the value stands")
        return self


class Requirement(Section):
    """What some fields of some operations must be."""

    must: Must
    missing: Missing = "leave"
    condition_key: str | None = None  # of IAM, which denies the absence; None: found, not denied
    environments: tuple[str, ...] = ()  # empty: in all
    unless: Unless | None = None
    not_for: tuple[str, ...] = ()  # operations that a pattern among the fields does not mean
    fields: Mapping[str, Paths]


class Control(Section):
    """A control: what, why, where it stands elsewhere, and what it asks of requests."""

    id: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*(-[A-Z0-9]+)+$", max_length=40)]
    title: Line
    why: Line
    references: References = References()
    severity: Severity
    can_be_excepted: bool
    requirements: tuple[Requirement, ...] = ()


class Embedded(Section):
    """A request that lies inside another one, as JSON text."""

    control: str  # that a text which cannot be read breaks
    operation: str
    path: str
    format: Literal["request", "pipeline"]
    request: str = ""  # of the format `request`: the operation whose request it is


class Catalogue(Section):
    """The form of the standard's own file."""

    controls: tuple[Control, ...]
    embedded: tuple[Embedded, ...] = ()
    pipeline_steps: Mapping[str, str] = {}  # type of a pipeline's step -> the operation it starts


class Tightening(Section):
    """What an organisation asks beyond a control of the standard."""

    control: str
    severity: Severity | None = None
    can_be_excepted: Literal[False] | None = None
    missing: Missing | None = None
    at_least: int | None = None
    at_most: int | None = None
    environments: tuple[str, ...] | None = None


class Lists(Section):
    """A file of lists, each of which may be empty, bare or left out."""

    @model_validator(mode="before")
    @classmethod
    def _bare_is_empty(cls, content: Any) -> Any:
        if content is None:
            return {}
        if not isinstance(content, Mapping):
            return content
        return {k: v for k, v in content.items() if v is not None or k not in cls.model_fields}


class OwnControls(Lists):
    """config/controls.yaml: the organisation's own controls, and what it tightens."""

    controls: tuple[Control, ...] = ()
    tighten: tuple[Tightening, ...] = ()


class ControlException(Section):
    """A deviation from a control: what, where, why, who agreed, until when."""

    control: str
    environment: str
    names: Paths  # of resources; `*` stands for any characters
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=20, max_length=1000)]
    requested_by: Line
    agreed_by: Line
    until: datetime.date  # the last day


class Exceptions(Lists):
    """config/exceptions.yaml."""

    exceptions: tuple[ControlException, ...] = ()
