"""Defaults made from other answers: right whatever the project's name is."""

import re
import sys

import pytest
from commands import TEMPLATE
from hypothesis import given
from hypothesis import strategies as st

from regulated_ml import identifiers

sys.path.append(str(TEMPLATE))
from hooks.names import filters

make = filters(identifiers)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Credit default", "credit-default"),
        ("  Größe & Ärger, Straße  ", "grosse-arger-strasse"),
        ("Кредитный риск", "kreditnyi-risk"),
        ("信用風險", "xin-yong-feng-xian"),
        ("2026 forecast", "ml-2026-forecast"),
        ("Random", "random-model"),
        ("pandas", "pandas-model"),
        ("&#99999999999999999999;", "ml-99999999999999999999"),
        ("Probability of default for retail mortgages", "probability-of-default-for"),
        ("x" * 10_000, "x" * 30),
        ("../../etc/passwd", "etc-passwd"),
        ("$(id) `id` \"; rm -rf / '", "id-id-rm-rf"),
        ("🚀", ""),
        ("", ""),
    ],
)
def test_slug(name: str, slug: str) -> None:
    assert make["slug"](name) == slug


@pytest.mark.parametrize(
    ("slug", "package"),
    [("credit-default", "credit_default"), ("a", "a"), ("../x", "x"), ("", "")],
)
def test_package(slug: str, package: str) -> None:
    assert make["package"](slug) == package


@pytest.mark.parametrize(
    ("arguments", "bucket"),
    [
        (
            ("credit", "data", "111122223333", "eu-central-1"),
            "credit-data-111122223333-eu-central-1",
        ),
        (("credit", "data", "", ""), "credit-data"),
        (("", "data", "111122223333", "eu-central-1"), ""),
        (
            ("x" * 30, "model", "111122223333", "ap-southeast-1"),
            "x" * 29 + "-model-111122223333-ap-southeast-1",
        ),
    ],
)
def test_bucket(arguments: tuple[str, ...], bucket: str) -> None:
    assert make["bucket"](*arguments) == bucket


def test_git_remote() -> None:
    assert make["git_remote"]("credit", "eu-central-1") == "codecommit::eu-central-1://credit"


@pytest.mark.parametrize("value", [None, True, 12, ["a"], {"a": "b"}])
def test_what_is_no_text_gives_no_name(value: object) -> None:
    assert make["slug"](value) == ""
    assert make["package"](value) == ""
    assert make["bucket"](value, "data", value, value) == ""


@given(st.text(max_size=200))
def test_every_name_made_from_any_text_keeps_its_rule(name: str) -> None:
    slug = make["slug"](name)
    if not slug:
        assert not re.search("[A-Za-z0-9]", name)
        return
    names = {
        "project_slug": slug,
        "package_name": make["package"](slug),
        "data_bucket": make["bucket"](slug, "data", "111122223333", "ap-southeast-1"),
        "model_bucket": make["bucket"](slug, "model", "111122223333", "ap-southeast-1"),
        "codecommit_repository": slug,
        "aws_account_id": "111122223333",
        "aws_region": "ap-southeast-1",
    }
    assert identifiers.check_answers(names, only=names) == []
