"""Rules between answers: what is right in itself can be wrong beside another answer."""

import pytest

from generation.place import GOOD
from regulated_ml.identifiers import check_answers, longest_slug

KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
SUBNETS = [f"subnet-{number:08x}" for number in range(20)]
GROUPS = [f"sg-{number:08x}" for number in range(20)]


def found(**changes: object) -> list[tuple[str, str]]:
    """Field and rule of every problem of the good answers with these changes."""
    return [(problem.field, problem.rule) for problem in check_answers({**GOOD, **changes})]


def test_the_example_profile_is_right() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        (
            {"kms_key_arn": f"arn:aws:kms:eu-west-1:111122223333:key/{KEY}"},
            "kms_key_arn",
            "region of the answer aws_region, eu-central-1",
        ),
        (
            {"kms_key_arn": f"arn:aws:kms:eu-central-1:444455556666:key/{KEY}"},
            "kms_key_arn",
            "account of the answer aws_account_id, 111122223333",
        ),
        (
            {"kms_key_arn": f"arn:aws-cn:kms:eu-central-1:111122223333:key/{KEY}"},
            "kms_key_arn",
            "partition of the answer aws_region, aws",
        ),
        (
            {"execution_role_arn": "arn:aws:iam::444455556666:role/R"},
            "execution_role_arn",
            "account of the answer aws_account_id, 111122223333",
        ),
        (
            {"execution_role_arn": "arn:aws-us-gov:iam::111122223333:role/R"},
            "execution_role_arn",
            "partition of the answer aws_region, aws",
        ),
        ({"model_bucket": GOOD["data_bucket"]}, "model_bucket", "another bucket"),
        ({"data_bucket": "x-an"}, "data_bucket", "ends with -111122223333-eu-central-1-an"),
        (
            {"data_bucket": "x-444455556666-eu-central-1-an"},
            "data_bucket",
            "ends with -111122223333-eu-central-1-an",
        ),
        ({"data_bucket": "-111122223333-eu-central-1-an"[1:]}, "data_bucket", "ends with -"),
        ({"subnet_ids": SUBNETS[0]}, "subnet_ids", "2 to 16"),
        ({"subnet_ids": SUBNETS[:17]}, "subnet_ids", "2 to 16"),
        ({"subnet_ids": f"{SUBNETS[0]},{SUBNETS[1]},{SUBNETS[0]}"}, "subnet_ids", "once"),
        ({"subnet_ids": f"{SUBNETS[0]},{SUBNETS[1]},"}, "subnet_ids", "subnet- and"),
        ({"subnet_ids": [*SUBNETS[:2], "sg-00000000"]}, "subnet_ids", "subnet- and"),
        ({"security_group_ids": GROUPS[:6]}, "security_group_ids", "1 to 5"),
        ({"security_group_ids": [GROUPS[0]] * 2}, "security_group_ids", "once"),
        ({"security_group_ids": []}, "security_group_ids", "1 to 5"),
        ({"project_slug": "x" * 31}, "project_slug", "production-20260131235959-0a1b2c"),
    ],
)
def test_one_contradiction_is_one_problem(
    changes: dict[str, object], field: str, words: str
) -> None:
    ((where, rule),) = found(**changes)
    assert where == field
    assert words in rule


@pytest.mark.parametrize(
    "changes",
    [
        {"subnet_ids": SUBNETS[:16]},
        {"subnet_ids": tuple(SUBNETS[:2])},
        {"subnet_ids": f" {SUBNETS[0]} ,{SUBNETS[1]}"},
        {"security_group_ids": GROUPS[:5]},
        {"security_group_ids": GROUPS[0]},
        {"data_bucket": "x-111122223333-eu-central-1-an"},
        {"project_slug": "x" * 30},
        {
            "aws_region": "cn-north-1",
            "kms_key_arn": f"arn:aws-cn:kms:cn-north-1:111122223333:key/{KEY}",
            "execution_role_arn": "arn:aws-cn:iam::111122223333:role/R",
        },
    ],
)
def test_what_agrees_is_accepted(changes: dict[str, object]) -> None:
    assert found(**changes) == []


def test_every_wrong_answer_is_named_at_once_in_the_order_of_the_questions() -> None:
    wrong = dict.fromkeys(GOOD, "")
    assert [field for field, _ in found(**wrong)] == list(GOOD)


def test_a_key_of_another_partition_region_and_account_is_wrong_three_times() -> None:
    key = f"arn:aws-cn:kms:cn-north-1:444455556666:key/{KEY}"
    assert [field for field, _ in found(kms_key_arn=key)] == ["kms_key_arn"] * 3


def test_a_wrong_region_is_not_held_against_the_arns() -> None:
    assert [field for field, _ in found(aws_region="eu-central-9")] == ["aws_region"]


def test_missing_answers_are_empty_unless_others_are_asked_for() -> None:
    assert [problem.field for problem in check_answers({})] == list(GOOD)
    assert check_answers({"vpc_id": GOOD["vpc_id"]}, only=["vpc_id"]) == []
    assert [p.field for p in check_answers({"vpc_id": "x"}, only=["vpc_id"])] == ["vpc_id"]


# Independent of the table of the rules: the longest names that AWS lets us give, and what is added
# to the slug in them.
@pytest.mark.parametrize(
    ("longest", "added"),
    [
        (63, "-transform-20260131235959-0a1b2c"),
        (63, "-production-20260131235959-0a1b2c"),
        (63, "-production-model-explainability"),
        (64, "-production-delivery-pipeline"),
        (100, ""),
        (256, ""),
    ],
)
def test_the_longest_slug_fits_into_every_name_made_from_it(longest: int, added: str) -> None:
    assert longest_slug() + len(added) <= longest


def test_the_longest_slug_could_not_be_longer() -> None:
    assert longest_slug() + len("-production-20260131235959-0a1b2c") == 63


def test_a_thousand_values_are_one_problem_of_count() -> None:
    problems = check_answers({**GOOD, "subnet_ids": ",".join(SUBNETS * 500)})
    assert len([p for p in problems if "2 to 16" in p.rule]) == 1
    assert len(problems) < 20
