"""The page of environments says what the rows say."""

import pytest
from commands import TEMPLATE

from regulated_ml.security.preflight.checks import CHECKS
from regulated_ml.security.preflight.endpoints import SERVICES
from regulated_ml.security.preflight.instances import ADDRESSES_EACH, INSTANCES_AT_ONCE
from regulated_ml.security.preflight.rows import Check

PAGE = (TEMPLATE / "docs/environments.md").read_text("utf-8")


def cell(text: str) -> str:
    """A text as Markdown shows it in a table."""
    return "".join(f"\\{sign}" if sign in "|*_<>[]`" else sign for sign in text)


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_the_page_has_the_row_of_each_check(check: Check) -> None:
    row = f"| {check.id} | {check.severity} | {cell(check.title)} | {cell(check.required)} |"
    assert row in PAGE.splitlines()


def test_the_page_has_no_other_row() -> None:
    assert PAGE.count("\n| PRE-") == len(CHECKS)


def test_the_page_names_the_services_and_the_actions() -> None:
    assert ", ".join(service.name for service in SERVICES) in PAGE.replace("\n  ", " ")
    actions = sorted({action for check in CHECKS for action in check.calls})
    assert "\n".join(actions) in PAGE
    assert "A subnet needs ten free addresses" in PAGE
    assert ADDRESSES_EACH * INSTANCES_AT_ONCE == 10
