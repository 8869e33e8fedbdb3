"""The evaluator on plans written by hand: paths, verbs, filling, exceptions, requests inside."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulated_ml.security.requests import Plan

KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def plan(*rows: dict[str, Any], **parts: Any) -> Plan:
    """A plan whose operation `Make` has the rows."""
    defaults = {"control": "C-1", "severity": "high", "words": "", "missing": "leave"}
    return Plan(
        {
            "environment": "dev",
            "operations": {"Make": [{**defaults, **row} for row in rows]},
            "exceptions": {},
            "embedded": {},
            "pipeline_steps": {},
            **parts,
        }
    )


def key_at(path: str, missing: str = "fill") -> dict[str, Any]:
    """The requirement that a field is the key."""
    return {"path": path, "verb": "be", "operand": KEY, "missing": missing}


@pytest.mark.parametrize(
    ("path", "request_", "filled"),
    [
        ("A.B", {}, {"A": {"B": KEY}}),
        ("A.B", {"A": None}, {"A": {"B": KEY}}),
        ("A.B", {"A": {}}, {"A": {"B": KEY}}),
        ("A.B", {"A": {"B": ""}}, {"A": {"B": KEY}}),
        ("A.B", {"A": {"C": 1}}, {"A": {"C": 1, "B": KEY}}),
        ("A?.B", {}, {}),
        ("A?.B", {"A": None}, {"A": None}),
        ("A?.B", {"A": {}}, {"A": {"B": KEY}}),
        ("A?.B", {"A": {"C": 1}}, {"A": {"C": 1, "B": KEY}}),
        ("A?.B.C", {"A": {"D": 1}}, {"A": {"D": 1, "B": {"C": KEY}}}),
        ("A.B?.C", {"A": {"D": 1}}, {"A": {"D": 1}}),
        ("A[].B", {}, {}),
        ("A[].B", {"A": []}, {"A": []}),
        ("A[].B", {"A": [{}, {"B": KEY}]}, {"A": [{"B": KEY}, {"B": KEY}]}),
        ("A[].B?.C", {"A": [{}, {"B": {"D": 1}}]}, {"A": [{}, {"B": {"D": 1, "C": KEY}}]}),
        ("A[].B[].C", {"A": [{"B": [{}]}]}, {"A": [{"B": [{"C": KEY}]}]}),
        ("X?.A[].B", {"X": {"A": [{}]}}, {"X": {"A": [{"B": KEY}]}}),
    ],
)
def test_a_path_means_these_places(path: str, request_: Any, filled: Any) -> None:
    before = copy.deepcopy(request_)
    result = plan(key_at(path)).check("Make", request_, fill=True)
    assert (result.request, result.violations) == (filled, [])
    assert request_ == before


@pytest.mark.parametrize(
    ("path", "request_", "field"),
    [
        ("A.B", {"A": {"B": "other"}}, "A.B"),
        ("A.B", {"A": "text"}, "A"),
        ("A.B", {"A": ["x"]}, "A"),
        ("A[].B", {"A": [{"B": KEY}, {"B": "other"}]}, "A[1].B"),
        ("A[].B", {"A": {"B": KEY}}, "A"),
        ("A[].B", {"A": ["text"]}, "A[0]"),
    ],
)
def test_what_stands_in_the_way_is_named(path: str, request_: Any, field: str) -> None:
    (found,) = plan(key_at(path)).check("Make", request_, fill=True).violations
    assert (found.field, found.missing) == (field, False)


def test_without_filling_what_lacks_is_a_violation() -> None:
    (found,) = plan(key_at("A.B")).check("Make", {}).violations
    assert (found.field, found.missing, found.value) == ("A.B", True, "")
    assert not plan(key_at("A.B", missing="leave")).check("Make", {}).violations


@pytest.mark.parametrize(
    ("verb", "operand", "right", "wrong"),
    [
        ("equal", True, [True], [False, "true", 1, 0]),
        ("equal", "Disabled", ["Disabled"], ["disabled", True, ["Disabled"]]),
        ("among", ["s-1", "s-2"], ["s-1", ["s-2", "s-1"], ("s-1",)], ["s-3", ["s-1", "s-3"], [1]]),
        (
            "lie_in",
            ["data", "model.x"],
            [
                "s3://data/a/b",
                "s3://data",
                "s3://model.x/a\nb",
                "data",
                "arn:aws:s3:::data/a",
                "https://data.s3.eu-central-1.amazonaws.com/a",
                {"Std:Join": {"On": "/", "Values": ["s3://data", {"Get": "Execution.Id"}]}},
                {"Std:Join": {"On": "", "Values": ["s3://data/", {"Get": "Execution.Id"}]}},
            ],
            [
                "s3://database/a",
                "s3://data.evil/a",
                "s3://DATA/a",
                "s3:///data",
                "https://data.s3.evil.com/a",
                "https://s3.amazonaws.com/data/a",
                "arn:aws:s3:eu-central-1:111122223333:accesspoint/data",
                {"Get": "Parameters.Output"},
                {"Std:Join": {"On": "", "Values": ["s3://data", {"Get": "Execution.Id"}]}},
                {"Std:Join": {"On": "/", "Values": [{"Get": "Parameters.Bucket"}, "a"]}},
                7,
            ],
        ),
        (
            "come_from",
            ["1.dkr.ecr.eu.amazonaws.com"],
            ["1.dkr.ecr.eu.amazonaws.com/a:1", "1.dkr.ecr.eu.amazonaws.com/a/b@sha256:0"],
            ["docker.io/a", "1.dkr.ecr.eu.amazonaws.com.evil.com/a", "a:1", {"Get": "x"}],
        ),
        ("at_least", 2, [2, 3, 2.5], [1, True, "2", {"Get": "x"}]),
        ("at_most", 0, [0, -1], [1, False, "0"]),
        ("match", "a|b+", ["a", "bb"], ["ab", "", "a\n", 1]),
        ("absent", True, [], ["x", 0, False]),
    ],
)
def test_a_verb_holds_for_the_right_values_alone(
    verb: str, operand: Any, right: list[Any], wrong: list[Any]
) -> None:
    held = plan({"path": "A", "verb": verb, "operand": operand})
    for value in right:
        assert held.check("Make", {"A": value}).violations == [], value
    for value in wrong:
        found = held.check("Make", {"A": value}).violations
        assert bool(found) == (value != ""), value  # an empty text is no value


TAGS = {"owner": "team", "environment": "dev"}


@pytest.mark.parametrize(
    ("given_", "after"),
    [
        (None, {"owner": "team", "environment": "dev"}),
        ([], {"owner": "team", "environment": "dev"}),
        ([{"Key": "owner", "Value": "team"}], {"owner": "team", "environment": "dev"}),
        ([{"Key": "x", "Value": "y"}], {"x": "y", "owner": "team", "environment": "dev"}),
    ],
)
def test_tags_that_lack_are_added_and_others_are_kept(given_: Any, after: dict[str, str]) -> None:
    held = plan({"path": "Tags", "verb": "carry", "operand": TAGS, "missing": "fill"})
    result = held.check("Make", {"Tags": given_}, fill=True)
    assert {tag["Key"]: tag["Value"] for tag in result.request["Tags"]} == after


def test_a_tag_with_another_value_is_refused_by_its_key() -> None:
    held = plan({"path": "Tags", "verb": "carry", "operand": TAGS, "missing": "fill"})
    request = {"Tags": [{"Key": "owner", "Value": "somebody else"}]}
    (found,) = held.check("Make", request, fill=True).violations
    assert (found.value, found.required) == ("owner=somebody else", "the tags owner=team")


def test_unless_lifts_what_is_missing_and_nothing_else() -> None:
    paths = {"paths": ["Type", "Each[].Type"], "beside": [], "matches": "nvme.*"}
    held = plan({**key_at("Key"), "unless": paths})
    assert held.check("Make", {"Type": "nvme.1"}, fill=True).request == {"Type": "nvme.1"}
    assert "Key" not in held.check("Make", {"Each": [{"Type": "nvme"}]}, fill=True).request
    assert held.check("Make", {"Type": "other"}, fill=True).request["Key"] == KEY
    assert held.check("Make", {"Type": "nvme.1", "Key": "other"}, fill=True).violations


def test_what_stands_beside_a_field_lifts_what_is_asked_of_that_field_alone() -> None:
    unless = {"paths": [], "beside": ["Type", "Groups[].Type"], "matches": "nvme.*"}
    held = plan({**key_at("Jobs[].Disk?.Key"), "unless": unless})
    jobs = [
        {"Disk": {"Type": "nvme.1"}},
        {"Disk": {"Type": "other"}, "Type": "nvme.1"},
        {"Disk": {"Groups": [{"Type": "nvme.1"}]}},
        {"Disk": {"Type": "nvme.1", "Key": "other"}},
    ]
    result = held.check("Make", {"Jobs": jobs}, fill=True)
    assert [("Key" in job["Disk"]) for job in result.request["Jobs"]] == [False, True, False, True]
    assert [found.field for found in result.violations] == ["Jobs[3].Disk.Key"]


def test_a_tag_that_is_there_twice_is_right_only_if_both_are() -> None:
    held = plan({"path": "Tags", "verb": "carry", "operand": TAGS, "missing": "fill"})
    twice = [{"Key": "owner", "Value": value} for value in ("somebody else", "team")]
    assert held.check("Make", {"Tags": twice}, fill=True).violations


def test_an_exception_is_for_the_names_it_says_and_is_told() -> None:
    held = plan(key_at("A"), exceptions={"C-1": ["credit-train-*"]})
    lifted = held.check("Make", {"MakeName": "credit-train-1", "A": "other"}, fill=True)
    assert (lifted.violations, [v.field for v in lifted.excepted]) == ([], ["A"])
    # What an exception lifts is not filled in either: that would undo it.
    missing = held.check("Make", {"MakeName": "credit-train-1"}, fill=True)
    assert "A" not in missing.request
    assert missing.excepted
    for name in ("credit-test-1", "", "x-credit-train-1"):
        assert held.check("Make", {"MakeName": name, "A": "other"}, fill=True).violations


INSIDE = {
    "embedded": {
        "Hold": [{"control": "P-1", "path": "Text", "format": "pipeline", "request": ""}],
        "Send": [{"control": "P-1", "path": "Text", "format": "request", "request": "Make"}],
    },
    "pipeline_steps": {"Making": "Make", "Condition": ""},
}


def test_a_request_inside_a_request_is_filled() -> None:
    result = plan(key_at("A.B"), **INSIDE).check("Send", {"Text": "{}"}, fill=True)
    assert json.loads(result.request["Text"]) == {"A": {"B": KEY}}


def test_every_step_of_a_pipeline_is_looked_at_whatever_branch_it_is_in() -> None:
    wrong = {"Type": "Making", "Name": "deep", "Arguments": {"A": {"B": {"Get": "Parameters.Key"}}}}
    branch = {"Type": "Condition", "Arguments": {"IfSteps": [], "ElseSteps": [wrong]}}
    text = json.dumps({"Steps": [{"Type": "Making", "Name": "empty"}, branch]})
    result = plan(key_at("A.B"), **INSIDE).check("Hold", {"Text": text}, fill=True)
    (found,) = result.violations
    assert found.field == "Text: step deep: A.B"
    assert "known only when the pipeline runs" in found.fix
    assert json.loads(result.request["Text"])["Steps"][0]["Arguments"] == {"A": {"B": KEY}}


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "7", '"x"', "[" * 100_000, b"\xff", 7, "{}"),
        '{"Steps": [{"Type": "Lambda"}]}',
        '{"Steps": 1}',
        '{"Steps": [1]}',
        '{"Steps": [{"Type": "Making", "Arguments": 1}]}',
        '{"Steps": [], "Steps": []}',
        '{"Steps": [{"Type": "Condition", "Arguments": {"IfSteps": {}}}]}',
        '{"Steps": [{"Type": "Making", "Arguments": {"A": {"B": 1, "B": 1}}}]}',
    ],
)
def test_text_that_cannot_be_read_or_starts_the_unknown_is_refused(text: Any) -> None:
    result = plan(key_at("A.B"), **INSIDE).check("Hold", {"Text": text}, fill=True)
    assert [v.control for v in result.violations] == ["P-1"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ABC"), inner),
    max_leaves=12,
)


@given(request=st.dictionaries(st.sampled_from("ABC"), json_values))
def test_whatever_comes_is_compliant_afterwards_or_refused_and_never_changed(request: Any) -> None:
    before = copy.deepcopy(request)
    held = plan(key_at("A.B"), key_at("A?.C.B"), key_at("B[].A"), key_at("C[].B?.A"))
    result = held.check("Make", request, fill=True)
    assert request == before
    if not result.violations:
        assert result.request["A"]["B"] == KEY
        assert held.check("Make", dict(result.request)).violations == []
