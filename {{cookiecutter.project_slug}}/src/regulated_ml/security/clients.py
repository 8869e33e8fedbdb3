"""The one place where sessions and clients of AWS are made, each with the guard on.

What AWS, or the way to it, answers instead of doing what it was asked becomes a `UserError` here,
in the words of someone who has to mend it.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.security import sessions
from regulated_ml.settings import Settings
from regulated_ml.settings.models import Environment

if TYPE_CHECKING:
    import boto3
    from botocore.exceptions import ClientError

# Of one call, throttling and the network included; AWS_MAX_ATTEMPTS goes before it.
ATTEMPTS = 6
SIGN_IN = "sign in again (aws sso login, or what your organisation uses), then start again"

TRY_AGAIN = "try again in a minute"


class Identity(NamedTuple):
    """Who AWS takes the caller for."""

    account: str
    arn: str


def platform(settings: Settings) -> Environment:
    """Where the environment's jobs run; `UserError` for `local`, which runs none on AWS."""
    if settings.platform is None:
        raise UserError.one(
            "--env",
            settings.environment,
            "this command works on an environment on AWS, and local is none",
            "name one, for example: rml --env dev ...",
            ExitStatus.USAGE,
        )
    return settings.platform


def session(settings: Settings) -> "boto3.Session":
    """A session in the environment's region, after a self-test of the guard; fails closed."""
    region = platform(settings).aws_region
    from regulated_ml.security import guard

    os.environ["RML_ENV"] = settings.environment  # what the guard of this process goes by
    guard.install()
    guard.require(settings)
    with packages():
        import botocore.exceptions
    try:
        return sessions.new(region)
    except botocore.exceptions.ProfileNotFound as error:
        fix = "write the name of a profile of ~/.aws/config into AWS_PROFILE, or unset it"
        raise UserError.one(
            "AWS_PROFILE", os.environ.get("AWS_PROFILE", ""), str(error), fix, ExitStatus.RESOURCE
        ) from error


def client(settings: Settings, service: str, of: "boto3.Session | None" = None) -> Any:
    """A client of one service, which tries again what is throttled or lost on the way.

    Who needs several makes the session once and gives it along.
    """
    from botocore.config import Config

    retries: Any = {"mode": "standard"}
    if "AWS_MAX_ATTEMPTS" not in os.environ:
        retries["total_max_attempts"] = ATTEMPTS
    config = Config(retries=retries, connect_timeout=10, read_timeout=60)
    with reached(settings):
        return (of or session(settings)).client(service, config=config)


def identity(settings: Settings) -> Identity:
    """The caller, in the account of the environment; `UserError` when it is another account."""
    expected = platform(settings).aws_account_id
    with reached(settings):
        answer = client(settings, "sts").get_caller_identity()
    found = Identity(answer["Account"], answer["Arn"])
    if found.account != expected:
        raise UserError.one(
            "account",
            found.account,
            f"the environment {settings.environment} is in account {expected}; "
            f"you are signed in as {found.arn}",
            "sign in to that account, or choose the environment of this one with --env",
            ExitStatus.RESOURCE,
        )
    return found


@contextmanager
def packages() -> Iterator[None]:
    """What is raised when the packages for AWS are not installed becomes a `UserError`."""
    try:
        with warnings.catch_warnings():
            # The SDK's source has escapes that Python warns of until it has been compiled once.
            warnings.simplefilter("ignore", SyntaxWarning)
            yield
    except ModuleNotFoundError as error:
        rule = "the packages for AWS are not installed in this environment"
        raise UserError.one(
            "environment", error.name or "", rule, "run: make setup", ExitStatus.RESOURCE
        ) from error


# The codes of AWS's errors, and what each means to a person: rule and fix.
_EXPIRED = ("the credentials have expired", SIGN_IN)
_REFUSED = ("AWS does not take the credentials", SIGN_IN)
_THROTTLED = (
    "AWS throttles the requests of this account, to the last attempt",
    "wait a minute and start again; a job that was submitted goes on running",
)
_DENIED = (
    "AWS denies the call",
    "ask the platform team which role may do this, and sign in with it",
)
ANSWERS = {
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "InvalidClientTokenId": _REFUSED,
    "UnrecognizedClientException": _REFUSED,
    "InvalidAccessKeyId": _REFUSED,
    "SignatureDoesNotMatch": _REFUSED,
    "AuthFailure": _REFUSED,
    "ThrottlingException": _THROTTLED,
    "Throttling": _THROTTLED,
    "TooManyRequestsException": _THROTTLED,
    "RequestLimitExceeded": _THROTTLED,
    "SlowDown": _THROTTLED,
    "AccessDenied": _DENIED,
    "AccessDeniedException": _DENIED,
    "UnauthorizedOperation": _DENIED,
}


@contextmanager
def reached(settings: Settings) -> Iterator[None]:
    """Turns what botocore raises inside the block into `UserError`.

    An answer that is none of the frequent ones keeps AWS's own words.
    """
    import botocore.exceptions as raised

    region = platform(settings).aws_region
    try:
        yield
    except (raised.NoCredentialsError, raised.PartialCredentialsError) as error:
        raise _error("credentials", "", "there are no AWS credentials", SIGN_IN) from error
    except (raised.TokenRetrievalError, raised.SSOError) as error:
        raise _error("credentials", "", *_EXPIRED) from error
    except (raised.ConnectionError, raised.HTTPClientError) as error:
        at = getattr(error, "kwargs", {}).get("endpoint_url", "")
        rule = f"AWS is not reached: {error}"
        fix = "check the way there: VPN, proxy, VPC endpoint, AWS_ENDPOINT_URL"
        raise _error("network", at, rule, fix) from error
    except (raised.NoRegionError, raised.InvalidRegionError) as error:
        fix = f"write the region into config/environments/{settings.environment}.yaml"
        raise _error("aws_region", region, str(error), fix) from error
    except raised.ClientError as error:
        said = error.response.get("Error", {})
        code = said.get("Code", "")
        fix = "mend what AWS says and start again"
        if silence := no_answer(error):
            raise _error(error.operation_name, "", silence, TRY_AGAIN) from error
        rule, fix = ANSWERS.get(code, ("AWS refuses the call", fix))
        message = said.get("Message", "")
        raise _error(error.operation_name, code, f"{rule}: {message}", fix) from error


def no_answer(error: "ClientError") -> str:
    """That AWS, or what stands before it, failed to answer; empty where it has answered.

    What such a failure says, often a page of HTML, tells a person nothing.
    """
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    is_known = error.response.get("Error", {}).get("Code", "") in ANSWERS
    return "" if status < 500 or is_known else f"AWS did not answer ({status})"


def _error(field: str, value: str, rule: str, fix: str) -> UserError:
    return UserError.one(field, value, rule, fix, ExitStatus.RESOURCE)
