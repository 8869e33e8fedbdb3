"""The quotas: AWS lets a new account have few instances, and of most types none."""

from collections.abc import Iterator

from regulated_ml.security.preflight.account import Account
from regulated_ml.security.preflight.identity import ACCOUNT
from regulated_ml.security.preflight.instances import machines
from regulated_ml.security.preflight.rows import Check, Observation

NEEDED = 1  # instances of a type and use at once


def allow_the_jobs(account: Account) -> Iterator[Observation]:
    listed = account.all("service-quotas", "list_service_quotas", "Quotas", ServiceCode="sagemaker")
    quotas = {quota["QuotaName"]: quota for quota in listed}
    for machine, steps in machines(account.settings).items():
        quota = quotas.get(machine.quota)
        value = quota["Value"] if quota else 0
        found = f"{value:g}" if quota else "no such quota: the region lacks this instance type"
        fix = account.command(
            *("service-quotas", "request-service-quota-increase"),
            service_code="sagemaker",
            quota_code=quota["QuotaCode"] if quota else "NAME-OF-ANOTHER-TYPE",
            desired_value=NEEDED,
        )
        words = f"{found}, for {', '.join(steps)}"
        yield Observation(machine.quota, words, value >= NEEDED, fix)


CHECKS = (
    Check(
        "PRE-QUOTA-1",
        "The account may have the instances that the jobs run on",
        f"{NEEDED} or more of each type of config/model.yaml",
        "medium",
        ("servicequotas:ListServiceQuotas",),
        allow_the_jobs,
        (ACCOUNT,),
    ),
)
