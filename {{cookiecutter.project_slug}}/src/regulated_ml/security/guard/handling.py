"""Stands between a client and AWS: fills a request in, or refuses it, before it is sent.

The environment is that of RML_ENV at the moment of the request, so that a notebook may choose one;
the settings are those of the repository that this code lies in.
"""

import datetime
import os
import sys
import time
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, ClassVar

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import Problem, visible
from regulated_ml.security.requests import Plan, Result, Violation
from regulated_ml.settings import LOCAL, find_root

# The services whose requests are looked at, as botocore calls them in its models and its events.
SERVICES = {
    "sagemaker": "sagemaker",
    "s3": "s3",
    "kms": "kms",
    "batch": "batch",
    "s3control": "s3-control",
    "sagemaker-geospatial": "sagemaker-geospatial",
    "sagemaker-a2i-runtime": "sagemaker-a2i-runtime",
}
# Set while the guard is being proved: what is refused then is no attempt, and is not logged.
proving: ContextVar[bool] = ContextVar("proving", default=False)
LOOK_AGAIN = 2.0  # seconds between looks at whether a file of config/ has changed


class GuardRefusal(UserError):
    """A request that breaks controls, with every violation; nothing was sent."""

    def __init__(self, operation: str, environment: str, violations: Sequence[Violation]) -> None:
        self.operation, self.environment = operation, environment
        self.violations = tuple(violations)
        super().__init__(
            [
                Problem(f"{operation}: {v.field}", v.value, f"{v.control}: {v.required}", v.fix)
                for v in violations
            ],
            ExitStatus.CONFIGURATION,
        )

    def __str__(self) -> str:
        head = (
            f"{self.operation} was not sent: it breaks controls of environment {self.environment}"
        )
        found = [line for violation in self.violations for line in _lines(violation)]
        return "\n".join([head, *found, "  rml security controls explains each control"])

    def __reduce__(self) -> tuple[Any, ...]:
        # As it crosses from a worker process.
        return type(self), (self.operation, self.environment, self.violations)


def _lines(violation: Violation) -> list[str]:
    """A violation as a person reads it; what a request wrote is shown, and never interpreted."""
    value = "(missing)" if violation.missing else violation.value
    facts = [
        ("value", value),
        ("control", f"{violation.control}, {violation.severity}"),
        ("required", violation.required),
        ("fix", violation.fix),
    ]
    shown = [f"    {name:10}{visible(text, limit=400)}" for name, text in facts if text]
    return [f"  {visible(violation.field, limit=200)}", *shown]


def attach(client: Any) -> None:
    """Puts the guard into a client, once."""
    events = client.meta.events
    for service in SERVICES.values():
        identity = f"regulated-ml-guard-{service}"
        copying = f"provide-client-params.{service}"
        events.register_last(copying, _copied, unique_id=f"{identity}-copy")
    # The last of all: botocore calls the handlers of an event's longer names before those of the
    # event itself, so that what is looked at is what is sent.
    events.register_last("before-parameter-build", guarded, unique_id="regulated-ml-guard")


def _copied(params: Any, **_: Any) -> Any:
    """The request in a dict of its own: that of a presigned address is the caller's."""
    return dict(params) if isinstance(params, dict) else None


def guarded(params: Any, model: Any, **_: Any) -> None:
    """Fills `params` in, in place, or raises `GuardRefusal`."""
    environment = os.environ.get("RML_ENV") or LOCAL
    plan = _Plans.of(environment)
    service = model.service_model.service_name
    if service not in SERVICES:
        return
    operation = model.name if service == "sagemaker" else f"{service}.{model.name}"
    if not plan.covers(operation):
        return
    result = plan.check(operation, params, fill=True)
    if (result.violations or result.excepted) and not proving.get():
        _log(environment, operation, params, result)
    if result.violations:
        raise GuardRefusal(operation, environment, result.violations)
    if result.filled:
        params.update(result.request)


def _log(environment: str, operation: str, params: Any, result: Result) -> None:
    from regulated_ml.security.guard.log import write

    write(root(), environment, operation, params, result)


def root() -> Path:
    """The repository that this code lies in, or else the one that the process works in."""
    try:
        return find_root(Path(__file__))
    except UserError:
        return find_root(Path.cwd())


class _Plans:
    """The plan of each environment, made anew when a file of config/ or the day has changed."""

    _made: ClassVar[dict[str, tuple[Any, Plan]]] = {}
    _looked: ClassVar[dict[str, float]] = {}

    @classmethod
    def of(cls, environment: str) -> Plan:
        now = time.monotonic()
        made = cls._made.get(environment)
        if made and now - cls._looked.get(environment, -LOOK_AGAIN) < LOOK_AGAIN:
            return made[1]
        state = _state_of_config()
        if made is None or made[0] != state:
            cls._made.pop(environment, None)
            cls._looked.pop(environment, None)
            made = cls._made[environment] = (state, _plan(environment))
            _say(environment)
        cls._looked[environment] = now
        return made[1]


def _state_of_config() -> Any:
    """What changes when a file below config/ does, or when an exception may have expired."""
    files = sorted((root() / "config").rglob("*.yaml"))
    return datetime.date.today(), [(path, path.stat().st_mtime_ns) for path in files]


def _plan(environment: str) -> Plan:
    from regulated_ml.security import catalogue
    from regulated_ml.settings import load

    settings = load(root(), environment)
    controls = catalogue.load(settings)
    if problems := catalogue.check_paths(controls):
        raise UserError(problems, ExitStatus.CONFIGURATION)
    return Plan(catalogue.plan(settings))


_said: set[str] = set()


def _say(environment: str) -> None:
    """Says on stderr, once for each environment in a process, that the guard is on."""
    if environment in _said:
        return
    _said.add(environment)
    print(f"regulated_ml: guard on, environment {environment}", file=sys.stderr)
