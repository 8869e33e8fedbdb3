"""The regulation as data: every clause has its rule, and every part has a clause to answer."""

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from regulated_ml.documents import regulation
from regulated_ml.documents.methods import methods
from regulated_ml.settings.documents import Rule

CONTENT = yaml.safe_load(regulation.FILE.read_text(encoding="utf-8"))
ROOM = Path(regulation.__file__).parent
EVERY = get_args(Rule)


def test_the_rules_are_those_that_documents_yaml_may_name() -> None:
    assert set(CONTENT["rules"]) == set(EVERY)


@pytest.mark.parametrize("name", CONTENT["rules"])
def test_a_rule_says_its_state_its_basis_and_its_last_check(name: str) -> None:
    rule = CONTENT["rules"][name]
    assert rule["state"] and rule["title"] and rule["basis"] in ("primary", "secondary")
    assert re.fullmatch(r"20\d\d-[01]\d", rule["checked"])


def test_what_is_withdrawn_is_not_cited() -> None:
    said = " ".join(f"{rule['name']} {rule['title']}" for rule in CONTENT["rules"].values())
    assert "SR 11-7" not in said and "2022-03" not in said and "2023-03" not in said


def test_every_clause_is_of_a_rule_and_every_answer_is_used() -> None:
    for clauses in CONTENT["answers"].values():
        assert set(clauses) <= set(EVERY)
    code = "".join(path.read_text() for path in ROOM.glob("*.py"))
    tested = {answer for method in methods().values() for answer in method.answers}
    asked = set(re.findall(r'"([a-z-]+)"', code)) | tested
    assert set(CONTENT["answers"]) <= asked


def test_a_clause_is_named_once_with_the_month_of_its_check() -> None:
    found = regulation.clauses(("data", "data", "lineage"), ("ai-act",))
    assert [str(each) for each in found] == [
        "AI Act Art. 10, Annex IV(2)(d) (checked 2026-11)",
        "AI Act Art. 12, Annex IV(2) (checked 2026-11)",
    ]
