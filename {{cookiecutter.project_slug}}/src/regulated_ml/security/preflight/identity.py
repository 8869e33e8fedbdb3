"""Who is looking: the account that the credentials are of."""

from collections.abc import Iterator

from regulated_ml.security.preflight.account import Account
from regulated_ml.security.preflight.rows import Check, Observation

CALL = "sts:GetCallerIdentity"


def right_account(account: Account) -> Iterator[Observation]:
    caller = account.ask("sts", "get_caller_identity")
    is_right = caller["Account"] == account.platform.aws_account_id
    list_profiles = "aws configure list-profiles  # then set AWS_PROFILE to one of that account"
    yield Observation(caller["Arn"], f"account {caller['Account']}", is_right, list_profiles)


def not_root(account: Account) -> Iterator[Observation]:
    arn = account.ask("sts", "get_caller_identity")["Arn"]
    is_root = arn.endswith(":root")
    list_profiles = "aws configure list-profiles  # then set AWS_PROFILE to one with a role"
    yield Observation(
        arn, "the root user" if is_root else "no root user", not is_root, list_profiles
    )


CHECKS = (
    Check(
        "PRE-ACCOUNT-1",
        "The credentials are of the environment's account",
        "account {aws_account_id}",
        "critical",
        (CALL,),
        right_account,
    ),
    Check(
        "PRE-ACCOUNT-2",
        "Nobody works as the root user",
        "a role, or a user with few rights",
        "high",
        (CALL,),
        not_root,
        ("PRE-ACCOUNT-1",),
    ),
)
ACCOUNT = CHECKS[0].id  # what every other check needs
