"""The model card as SageMaker keeps it: by its schema, under the key, sent where it differs."""

import json
import os
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import pytest
from aws import Account
from commands import rml
from pydantic import BaseModel

from regulated_ml.platforms.sagemaker import cards
from regulated_ml.workflow import documenting

from .conftest import HOSTILE


def unknown(kind: Any, content: Any, place: str = "") -> Iterator[str]:
    """The keys of a content that the schema does not have; the schema's classes let them pass."""
    if get_origin(kind) in (Union, types.UnionType, list):
        inner = [each for each in get_args(kind) if each is not type(None)]
        if isinstance(content, list):
            for entry in content:
                yield from unknown(inner[0], entry, place)
        elif len(inner) == 1:
            yield from unknown(inner[0], content, place)
    elif isinstance(kind, type) and issubclass(kind, BaseModel) and isinstance(content, dict):
        for key, value in content.items():
            if key not in kind.model_fields:
                yield f"{place}{key}"
            else:
                yield from unknown(kind.model_fields[key].annotation, value, f"{place}{key}.")


@pytest.mark.parametrize("which", ["written", "unwritten"])
def test_the_content_follows_the_schema_of_aws(which: str, request: pytest.FixtureRequest) -> None:
    shapes = pytest.importorskip("sagemaker.core.shapes.model_card_shapes")
    folder: Path = request.getfixturevalue(which)
    content = json.loads((folder / documenting.AWS_CARD).read_text())
    shapes.ModelCardContent.model_validate(content)
    assert [*unknown(shapes.ModelCardContent, content)] == []
    assert len(json.dumps(content)) < cards.LONGEST
    purpose = content["intended_uses"]["purpose_of_model"]
    assert "\u202e" not in purpose and "\n" not in purpose
    assert ("alert(1)" in purpose) == (which == "written") and "alert(1)" in HOSTILE


# In a process of the repository's own, since the guard goes by the repository that its code is in.
PUT = """
import json, sys
from pathlib import Path
from regulated_ml.platforms.sagemaker import cards
from regulated_ml.settings import load
try:
    print(cards.put(load(Path.cwd(), "dev"), "v3", sys.argv[1], json.loads(sys.argv[2])))
except UserError as error:
    sys.exit(str(error))
"""
CONTENT = {"model_overview": {"model_description": "a model"}}


def put(account: Account, status: str, content: Any) -> "subprocess.CompletedProcess[str]":
    """Puts the card of v3."""
    source = str(account.repository / "src")
    return subprocess.run(
        [sys.executable, "-c", PUT, status, json.dumps(content)],
        cwd=account.repository,
        env={**os.environ, **account.environment, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )


def described(account: Account) -> dict[str, Any]:
    client = account.client("sagemaker")
    found: dict[str, Any] = client.describe_model_card(ModelCardName="credit-default-v3")
    return found


def test_a_card_is_made_under_the_key_and_changed_only_where_it_differs(account: Account) -> None:
    done = put(account, "Draft", CONTENT)
    assert done.returncode == 0, done.stderr
    first = described(account)
    assert first["ModelCardArn"] == done.stdout.strip()
    assert first["SecurityConfig"] == {"KmsKeyId": account.key}
    tags = account.client("sagemaker").list_tags(ResourceArn=first["ModelCardArn"])["Tags"]
    assert {"Key": "project", "Value": "credit-default"} in tags
    put(account, "Draft", CONTENT)
    assert described(account)["ModelCardVersion"] == first["ModelCardVersion"]
    assert put(account, "Draft", {}).returncode == 0
    assert json.loads(described(account)["Content"]) == {}


def test_a_card_that_aws_would_not_take_is_refused_before_it_is_sent(account: Account) -> None:
    done = put(account, "Draft", {"x": "y" * 100_000})
    assert "at most 100000 characters" in done.stderr
    assert account.client("sagemaker").list_model_cards()["ModelCardSummaries"] == []


def test_local_has_no_card(two: Any) -> None:
    done = rml(two.repository, "model", "documents", "v1", "--json")
    assert json.loads(done.stdout)["model_card"] is None
