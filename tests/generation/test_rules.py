"""Each rule accepts and refuses what AWS's documentation says, in rows written by hand."""

import re
import shlex

import pytest

from regulated_ml.identifiers import Problem, check, rules

HEX17 = "0a1b2c3d4e5f60718"
UUID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY = f"arn:aws:kms:eu-central-1:111122223333:key/{UUID}"
ROLE = "arn:aws:iam::111122223333:role/CreditDefault"
MLFLOW = "arn:aws:sagemaker:eu-central-1:111122223333:mlflow-tracking-server/team"

ACCEPTED = {
    "project_name": [
        "Credit default",
        "7",
        "信用風險",
        'O\'Brien & Söhne <x> "$(y)" `z`',
        "x" * 100,
    ],
    "person": ["Credit Risk Models", "Mária Nováková", "🚀 R&D"],
    "description": ["Estimates who misses the next payment.", "a" * 300],
    "slug": ["credit-default", "a", "a1-b2", "numbers-of-2026"],
    "package": ["credit_default", "a", "a1_b2", "x" * 40],
    "email": ["risk.models@example.com", "a@b.co", "a+b_c-d@x-y.example.org"],
    "classification": ["public", "internal", "confidential", "restricted"],
    "cost_center": ["CC-4711", "4711", "Bereich Süd: 12/3 = a+b@c_d", "x" * 256, "財務 12"],
    "account": ["111122223333", "000000000001"],
    "region": ["eu-central-1", "us-east-1", "cn-north-1", "us-gov-west-1", "ap-southeast-3"],
    "vpc": ["vpc-0a1b2c3d", f"vpc-{HEX17}"],
    "subnet": ["subnet-0a1b2c3d", f"subnet-{HEX17}"],
    "security_group": ["sg-0a1b2c3d", f"sg-{HEX17}"],
    "kms_key_arn": [
        KEY,
        "arn:aws:kms:eu-central-1:111122223333:key/mrk-" + "0123456789abcdef" * 2,
        f"arn:aws-cn:kms:cn-north-1:111122223333:key/{UUID}",
        f"arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/{UUID}",
        f"arn:aws-iso-f:kms:us-isof-east-1:111122223333:key/{UUID}",
        f"arn:aws-eusc:kms:eusc-de-east-1:111122223333:key/{UUID}",
    ],
    "role_arn": [
        ROLE,
        "arn:aws:iam::111122223333:role/service-role/team/A+b=c,d.e@f_g-h",
        "arn:aws-iso-b:iam::111122223333:role/" + "r" * 64,
    ],
    "mlflow_arn": [
        MLFLOW,
        "arn:aws:sagemaker:us-east-1:111122223333:mlflow-app/app-ABC123",
        "arn:aws-us-gov:sagemaker:us-gov-west-1:111122223333:mlflow-tracking-server/" + "a" * 256,
    ],
    "role_name": ["CreditDefault", "A+b=c,d.e@f_g-h", "r" * 64],
    "bucket": [
        "abc",
        "b" * 63,
        "1-data.eu",
        "credit-default-data-111122223333-eu-central-1",
        "a-xn--b",
        "192.168.5.4a",
    ],
    "codecommit_name": ["credit-default", "A_b.c-d", "r" * 100, "git", ".git.x"],
    "environment": ["dev", "prod", "test2", "production"],
    "job_name": ["a", "A-b--c1", "j" * 63],
    "tuning_job_name": ["a-1", "t" * 32],
    "feature_group_name": ["a_b-c", "f" * 64],
    "pipeline_name": ["a-b", "p" * 256],
    "tag_key": ["Cost Center", "a:b/c=d+e-f@g_h.i", "k" * 128, "Schlüssel"],
    "tag_value": ["CC-4711", "v" * 256, "Größe"],
}

REFUSED = {
    "project_name": [
        "",
        " ",
        " x",
        "x ",
        "x" * 101,
        "---",
        "{{ x }}",
        "a{%b",
        "{#",
        "a\nb",
        "a\u202eb",
    ],
    "person": [
        "",
        "x" * 101,
        "\u200b",
        "a\tb",
        "a\u2028b",
        "\ud800",
        "a\x00",
        "\ufeffa",
        "a\ue000",
    ],
    "description": ["", "x" * 301, "a\u2066b", "a\ufffeb"],
    "slug": [
        "",
        "Credit-default",
        "1a",
        "-a",
        "a-",
        "a--b",
        "a_b",
        "a b",
        "größe",
        "../a",
        "a/b",
        "a.",
    ],
    "package": ["", "Credit", "1a", "_a", "a_", "a__b", "a-b", "x" * 41, "a.b", "größe"],
    "email": [
        "",
        "a",
        "a@b",
        "@b.co",
        "a@.co",
        "a b@c.de",
        "a@b@c.de",
        "a.@b.co",
        "é@b.co",
        "a'b@c.de",
    ],
    "classification": ["", "secret", "Public", "public,internal"],
    "cost_center": ["", "a;b", "a&b", "AWS:x", "aws:x", "x" * 257, "a\u00a0b", "$(id)", "a'b"],
    "account": [
        "",
        "11112222333",
        "1111222233334",
        "1111-2222-3333",
        "١١١١٢٢٢٢٣٣٣٣",
        "11112222333a",
    ],
    "region": ["", "eu-central-1a", "Frankfurt", "eu-central-9", "us-iso-west-1", "EU-CENTRAL-1"],
    "vpc": [
        "",
        "vpc-0a1b2c3",
        "vpc-0a1b2c3d4",
        f"vpc-{HEX17}0",
        "vpc-0A1B2C3D",
        "vpc-0a1b2c3g",
        "0a1b2c3d",
    ],
    "subnet": ["", "subnet-0a1b2c3", f"subnet_{HEX17}", f"subnet-{HEX17} x"],
    "security_group": ["", "sg-0a1b2c3", "sgr-0a1b2c3d", "default"],
    "kms_key_arn": [
        "",
        UUID,
        "alias/mine",
        "alias/aws/s3",
        "arn:aws:kms:eu-central-1:111122223333:alias/mine",
        KEY.upper(),
        KEY[:-1],
        KEY.replace("arn:aws:", "arn:aws-xx:"),
        KEY.replace(":kms:", ":s3:"),
        KEY.replace("111122223333", "1111"),
        # moto's form, which AWS does not make: dashes in the id of a multi-region key
        f"arn:aws:kms:eu-central-1:111122223333:key/mrk-{UUID}",
    ],
    "role_arn": [
        "",
        "CreditDefault",
        ROLE + "x" * 52,
        ROLE.replace(":iam::", ":iam:eu-central-1:"),
        ROLE.replace(":role/", ":user/"),
        "arn:aws:sts::111122223333:assumed-role/CreditDefault/me",
        ROLE + "/",
        ROLE + " x",
        ROLE + "*",
    ],
    "mlflow_arn": [
        "",
        "team",
        "https://mlflow.example.com",
        MLFLOW.replace(":sagemaker:", ":s3:"),
        MLFLOW.replace("tracking-server", "server"),
        MLFLOW.replace("111122223333", "1111"),
        MLFLOW + "-",
        MLFLOW + "/x",
        MLFLOW + " x",
    ],
    "role_name": ["", "r" * 65, "a/b", "a b"],
    "bucket": [
        "",
        "ab",
        "b" * 64,
        "-abc",
        "abc-",
        ".abc",
        "abc.",
        "a..b",
        "aBc",
        "a_b",
        "192.168.5.4",
        "xn--abc",
        "sthree-abc",
        "amzn-s3-demo-abc",
        "abc-s3alias",
        "abc--ol-s3",
        "abc.mrap",
        "abc--x-s3",
        "abc--table-s3",
        "s3://abc",
    ],
    "codecommit_name": ["", "r" * 101, "a b", "a/b", "a.git", "größe"],
    "environment": ["", "Dev", "1a", "a-b", "productions"],
    "job_name": ["", "-a", "a-", "a_b", "j" * 64],
    "tuning_job_name": ["", "t" * 33, "a_b"],
    "feature_group_name": ["", "f" * 65, "_a", "a_"],
    "pipeline_name": ["", "p" * 257, "a_b"],
    "tag_key": ["", "aws:x", "Aws:x", "k" * 129, "a&b", "a\nb"],
    "tag_value": ["", "aws:x", "v" * 257, "a#b"],
}


def rows(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(kind, value) for kind, values in table.items() for value in values]


def test_every_kind_has_rows() -> None:
    assert ACCEPTED.keys() == REFUSED.keys() == rules().keys()


@pytest.mark.parametrize(("kind", "value"), rows(ACCEPTED))
def test_accepted(kind: str, value: str) -> None:
    assert check(kind, value, "field") == []


@pytest.mark.parametrize(("kind", "value"), rows(REFUSED))
def test_refused(kind: str, value: str) -> None:
    (problem,) = check(kind, value, "field")
    assert problem.field == "field"
    assert problem.rule
    assert problem.fix


@pytest.mark.parametrize("kind", rules())
@pytest.mark.parametrize("value", [None, True, 111122223333, 1.5, ["a"], {"a": "b"}])
def test_only_texts_are_values(kind: str, value: object) -> None:
    (problem,) = check(kind, value, "field")
    assert "quotes" in problem.fix


# A mistake that people make, and words of the fix that only an answer to that mistake has.
FIXES = [
    ("vpc", "subnet-0a1b2c3d", "aws ec2 describe-subnets --subnet-ids subnet-0a1b2c3d"),
    ("vpc", "sg-0a1b2c3d", "aws ec2 describe-security-groups --group-ids sg-0a1b2c3d"),
    ("vpc", "arn:aws:ec2:eu-central-1:111122223333:vpc/vpc-0a1b2c3d", "alone: vpc-0a1b2c3d"),
    ("vpc", "vpc-0A1B2C3D", "lower case"),
    ("subnet", "vpc-0a1b2c3d", "--filters Name=vpc-id,Values=vpc-0a1b2c3d"),
    ("subnet", "sg-0a1b2c3d", "security_group_ids"),
    ("security_group", "subnet-0a1b2c3d", "subnet_ids"),
    ("security_group", "sgr-0a1b2c3d", "describe-security-group-rules"),
    (
        "kms_key_arn",
        "arn:aws:kms:eu-west-1:111122223333:alias/team/a",
        "aws kms describe-key --region eu-west-1 --key-id alias/team/a --query KeyMetadata.Arn",
    ),
    ("kms_key_arn", "alias/team", "aws kms describe-key --key-id alias/team "),
    ("kms_key_arn", "alias/aws/s3", "customer managed"),
    ("kms_key_arn", "arn:aws:kms:eu-west-1:111122223333:alias/aws/s3", "customer managed"),
    ("kms_key_arn", UUID, "arn:PARTITION:kms:REGION:ACCOUNT:key/ before it"),
    ("kms_key_arn", UUID, f"aws kms describe-key --key-id {UUID}"),
    ("kms_key_arn", KEY.replace("abcd", "ABCD"), KEY),
    ("role_arn", "CreditDefault", "aws iam get-role --role-name CreditDefault"),
    (
        "role_arn",
        "arn:aws:sts::111122223333:assumed-role/CreditDefault/session",
        "aws iam get-role --role-name CreditDefault",
    ),
    ("role_arn", "arn:aws:iam::111122223333:user/me", "no role but: user"),
    ("role_arn", "arn:aws:iam::111122223333:instance-profile/x", "no role but: instance-profile"),
    ("account", "1111-2222-3333", "write 111122223333"),
    ("account", "21913025", "zeros"),
    ("account", "arn:aws:iam::111122223333:root", "alone: 111122223333"),
    ("region", "eu-central-1b", "write eu-central-1"),
    ("region", "EU-Central-1", "lower case: eu-central-1"),
    ("region", "eu-central-2", "CodeCommit"),
    ("bucket", "s3://team-data/x", "alone: team-data"),
    ("bucket", "arn:aws:s3:::team-data", "alone: team-data"),
    ("bucket", "Team_Data", "hyphens for underscores"),
    ("bucket", "xn--data", "take xn-- away"),
    ("bucket", "data--x-s3", "take --x-s3 away"),
    ("codecommit_name", "codecommit::eu-central-1://team", "alone: team"),
    (
        "codecommit_name",
        "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/team",
        "alone: team",
    ),
    ("codecommit_name", "team.git", "take .git away"),
    ("email", "Risk Models <risk@example.com>", "alone: risk@example.com"),
    ("classification", "Confidential", "lower case: confidential"),
    ("slug", "Credit-Default", "lower case: credit-default"),
    ("slug", "credit_default", "hyphens"),
    ("package", "credit-default", "underscores"),
    ("package", "pandas", "add a word"),
    ("project_name", "a {{ b }}", "never run"),
    ("project_name", "a\u202eb\n", "take out <U+202E>, <U+000A>"),
    ("project_name", "a" * 10_000, "10000 characters"),
    ("vpc", " vpc-0a1b2c3d", "take the blank away"),
    # A letter of the Cyrillic alphabet that looks like an a.
    ("vpc", "vpc-0\u0430" + "1b2c3d", "U+0430"),
    ("vpc", "", "left empty; list them with: aws ec2 describe-vpcs"),
]


@pytest.mark.parametrize(("kind", "value", "words"), FIXES)
def test_the_fix_answers_the_mistake(kind: str, value: str, words: str) -> None:
    (problem,) = check(kind, value, "field")
    assert words in problem.fix


def test_a_problem_shows_the_value_cut_and_visible() -> None:
    (problem,) = check("vpc", "\u202evpc\n" + "x" * 10_000, "vpc_id")
    assert isinstance(problem, Problem)
    assert problem.value.startswith("<U+202E>vpc<U+000A>xxx")
    assert len(problem.value) == 80


RESERVED = [
    "class",
    "json",
    "numpy",
    "sklearn",
    "yaml",
    "regulated_ml",
    "regulated-ml",
    "tests",
    "pil",
    "none",
]


@pytest.mark.parametrize("name", RESERVED)
def test_reserved_names_are_refused(name: str) -> None:
    kind = "slug" if "-" in name else "package"
    (problem,) = check(kind, name, "field")
    assert "standard library" in problem.rule


@pytest.mark.parametrize(
    "value", ["$(id)", "a;b", "`id`", "x\ny", "' || id", "a b", "&", "|", ">x"]
)
@pytest.mark.parametrize(
    "form",
    [
        "subnet-0a1b2c3d{}",
        "alias/{}",
        "arn:aws:kms:{}:111122223333:alias/x",
        "arn:aws:kms:eu-west-1:111122223333:alias/{}",
        "arn:aws:sts::111122223333:assumed-role/{}/x",
        "{}",
    ],
)
def test_no_command_in_a_fix_holds_what_a_shell_would_run(form: str, value: str) -> None:
    for kind in rules():
        for problem in check(kind, form.format(value), "field"):
            words = shlex.split(problem.fix.partition(": aws ")[2])
            assert re.fullmatch(r"[\w/:.,@=+\[\]-]*", "".join(words))
