"""Another environment: asked or given, checked by the rules, and apart from the others."""

import datetime
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import TEMPLATE, rml
from hypothesis import given
from hypothesis import strategies as st

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.identifiers import fields
from regulated_ml.settings import adding, load

ACCOUNT, REGION = "444455556666", "eu-west-1"
PROD: dict[str, Any] = {
    "aws_account_id": ACCOUNT,
    "aws_region": REGION,
    "vpc_id": "vpc-11111111111111111",
    "subnet_ids": "subnet-11111111111111111, subnet-22222222222222222",
    "security_group_ids": "sg-11111111111111111",
    "kms_key_arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/aaaaaaaa-12ab-34cd-56ef-1234567890ab",
    "execution_role_arn": f"arn:aws:iam::{ACCOUNT}:role/CreditDefaultProd",
    "data_bucket": "credit-default-prod-data",
    "model_bucket": "credit-default-prod-model",
}
CONTROL = "RML-ENV-1"


def add(repository: Path, name: str, *arguments: str, **values: str) -> Any:
    """`rml environment add` with these values."""
    pairs = [part for key, value in values.items() for part in ("--set", f"{key}={value}")]
    return rml(repository, "environment", "add", name, *pairs, *arguments)


def environment(repository: Path, name: str, **changes: Any) -> None:
    """An environment's file, written by hand."""
    path = repository / f"config/environments/{name}.yaml"
    values = {**PROD, "subnet_ids": PROD["subnet_ids"].split(", "), **changes}
    path.write_text(yaml.safe_dump({**values, "security_group_ids": ["sg-11111111111111111"]}))


def dev(repository: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(
        (repository / "config/environments/dev.yaml").read_text("utf-8")
    )
    return content


def agree(repository: Path, name: str, *names: str, **changes: object) -> None:
    """An exception to the separation of environments."""
    exception = {
        "control": CONTROL,
        "environment": name,
        "names": list(names),
        "reason": "The second account is not there before the turn of the year.",
        "requested_by": "a@example.com",
        "agreed_by": "b@example.com",
        "until": datetime.date.today() + datetime.timedelta(days=30),
        **changes,
    }
    (repository / "config/exceptions.yaml").write_text(yaml.safe_dump({"exceptions": [exception]}))


def refused(repository: Path, name: str) -> dict[str, str]:
    """Field -> rule of each mistake that loading the environment finds."""
    with pytest.raises(UserError) as caught:
        load(repository, name)
    assert caught.value.status == ExitStatus.CONFIGURATION
    place = f"config/environments/{name}.yaml: "
    return {p.field.removeprefix(place): p.rule for p in caught.value.problems}


def test_the_questions_are_those_of_the_template() -> None:
    prompts = json.loads((TEMPLATE / "cookiecutter.json").read_text("utf-8"))["__prompts__"]
    assert {key: prompts[key] for key in adding.QUESTIONS} == adding.QUESTIONS


def test_the_file_is_the_one_that_the_template_renders(
    sample: Path, answers: dict[str, str]
) -> None:
    path = sample / "config/environments/dev.yaml"
    assert adding.rendered("dev", answers) == path.read_text("utf-8")


def test_what_is_given_is_written_and_loads(repository: Path) -> None:
    result = add(repository, "prod", **PROD)
    assert result.returncode == ExitStatus.OK, result.stderr
    assert "rml --env prod environment preflight" in result.stdout
    platform = load(repository, "prod").platform
    assert platform is not None
    assert platform.kms_key_arn == PROD["kms_key_arn"]
    assert list(platform.subnet_ids) == PROD["subnet_ids"].split(", ")


def test_a_file_gives_values_and_the_command_line_has_the_last_word(repository: Path) -> None:
    prepared = repository / "prepared.yaml"
    lists = {"subnet_ids": PROD["subnet_ids"].split(", ")}
    prepared.write_text(yaml.safe_dump({**PROD, **lists, "vpc_id": "vpc-0"}))
    result = add(repository, "prod", "--from", "prepared.yaml", vpc_id=PROD["vpc_id"])
    assert result.returncode == ExitStatus.OK, result.stderr
    platform = load(repository, "prod").platform
    assert platform is not None
    assert platform.vpc_id == PROD["vpc_id"]


def test_all_mistakes_are_named_at_once_and_nothing_is_written(repository: Path) -> None:
    shared = dev(repository)["kms_key_arn"]
    changes = {"vpc_id": "subnet-1", "data_bucket": "Data", "regoin": "x"}
    values = {**PROD, **changes, "kms_key_arn": shared, "model_bucket": ""}
    result = add(repository, "Prod", "--json", **values)
    assert result.returncode == ExitStatus.CONFIGURATION
    problems = json.loads(result.stdout)["problems"]
    named = {problem["field"] for problem in problems}
    assert named == {"NAME", "vpc_id", "data_bucket", "model_bucket", "regoin", "kms_key_arn"}
    assert [p.name for p in (repository / "config/environments").iterdir()] == ["dev.yaml"]


@pytest.mark.parametrize("name", ["local", "dev", "Prod", "prod-eu", "../prod", "", "a" * 11])
def test_names_that_are_refused(repository: Path, name: str) -> None:
    before = sorted(path.name for path in repository.rglob("*.yaml"))
    result = add(repository, name, **PROD)
    assert result.returncode == ExitStatus.CONFIGURATION
    assert "1 problem\n\n  NAME\n" in result.stderr
    assert sorted(path.name for path in repository.rglob("*.yaml")) == before


def test_an_environment_is_replaced_only_where_that_is_asked(repository: Path) -> None:
    assert add(repository, "prod", **PROD).returncode == ExitStatus.OK
    changed = {**PROD, "vpc_id": "vpc-33333333333333333"}
    assert add(repository, "prod", **changed).returncode == ExitStatus.CONFIGURATION
    assert add(repository, "prod", "--replace", **changed).returncode == ExitStatus.OK
    platform = load(repository, "prod").platform
    assert platform is not None
    assert platform.vpc_id == changed["vpc_id"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("a: [1", "not YAML"), ("- a", "keys with values"), ("aws_region: no", "one text")],
)
def test_a_prepared_file_that_is_broken_is_named(repository: Path, text: str, said: str) -> None:
    (repository / "prepared.yaml").write_text(text)
    result = add(repository, "prod", "--from", "prepared.yaml")
    assert result.returncode == ExitStatus.CONFIGURATION
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def at_a_terminal(repository: Path, answers: list[str], *arguments: str) -> tuple[int, str]:
    """`rml environment add prod` with the answers typed; the exit status, and what was shown."""
    ours, its = pty.openpty()
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode() + b"\x04")
    process = subprocess.run(
        [sys.executable, "-m", "regulated_ml", "environment", "add", "prod", *arguments],
        cwd=repository,
        env={**os.environ, "PYTHONPATH": str(repository / "src")},
        stdin=its,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(ours)
    os.close(its)
    return process.returncode, process.stderr


def test_a_person_is_asked_in_words_and_again_only_for_what_is_wrong(repository: Path) -> None:
    wrong = {**PROD, "vpc_id": "the usual one", "data_bucket": dev(repository)["data_bucket"]}
    again = [PROD["vpc_id"], PROD["data_bucket"]]
    status, shown = at_a_terminal(repository, [*wrong.values(), *again])
    assert status == ExitStatus.OK, shown
    assert "2 problems" in shown
    asked = {field: shown.count(question) for field, question in adding.QUESTIONS.items()}
    assert asked == {field: 1 + (field in ("vpc_id", "data_bucket")) for field in asked}
    assert load(repository, "prod").platform is not None


def test_what_is_given_is_not_asked(repository: Path) -> None:
    given_ = [f"{key}={value}" for key, value in PROD.items() if key != "aws_region"]
    arguments = [part for pair in given_ for part in ("--set", pair)]
    status, shown = at_a_terminal(repository, [REGION], *arguments)
    assert status == ExitStatus.OK, shown
    assert shown.count("(for example:") == 1


def test_a_person_who_goes_away_leaves_nothing_behind(repository: Path) -> None:
    status, shown = at_a_terminal(repository, list(PROD.values())[:3])
    assert status == ExitStatus.INTERRUPTED
    assert "Traceback" not in shown
    assert not (repository / "config/environments/prod.yaml").exists()


PRINTED = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")))
HOSTILE = st.one_of(
    st.text(),
    st.sampled_from(
        ["{{ 1 }}", "{% x %}", '"\nadmin: true', "a'b", "!!python/x", "yes", "&a", "*a"]
    ),
    st.tuples(st.sampled_from(list(PROD.values())), st.text(max_size=3)).map("".join),
)


@given(st.dictionaries(st.sampled_from(list(PROD)), HOSTILE, min_size=1))
def test_hostile_values_are_refused_or_stay_what_they_are(
    sample: Path, hostile: dict[str, str]
) -> None:
    values = {**PROD, **hostile}
    problems = adding.value_problems(sample, "prod", values)
    if not problems:
        written = yaml.safe_load(adding.rendered("prod", values))
        lists = ("subnet_ids", "security_group_ids")
        assert {k: v for k, v in written.items() if k not in lists} == {
            k: v for k, v in values.items() if k not in lists
        }
    assert all(problem.field in {*hostile, *PROD} for problem in problems)


@given(st.lists(PRINTED, min_size=9, max_size=9))
def test_whatever_is_printed_is_quoted_so_that_it_comes_back(texts: list[str]) -> None:
    values: dict[str, Any] = dict(zip(PROD, texts, strict=True))
    values |= {key: [values[key]] for key in PROD if fields()[key].most > 1}
    assert yaml.safe_load(adding.rendered("prod", values)) == values


# --- apart from the others ---


def test_what_dev_has_is_refused_in_both(repository: Path) -> None:
    shared = {key: dev(repository)[key] for key in ("aws_account_id", "aws_region", "kms_key_arn")}
    role = {"execution_role_arn": dev(repository)["execution_role_arn"]}
    environment(repository, "prod", **shared, **role)
    for name in ("prod", "dev"):
        found = refused(repository, name)
        assert set(found) == {"kms_key_arn", "execution_role_arn"}
        assert CONTROL in found["kms_key_arn"]


def test_a_bucket_is_shared_under_either_name(repository: Path) -> None:
    environment(repository, "prod", model_bucket=dev(repository)["data_bucket"])
    assert set(refused(repository, "prod")) == {"model_bucket"}
    assert set(refused(repository, "dev")) == {"data_bucket"}


def test_a_role_is_the_same_under_another_path_and_case(repository: Path) -> None:
    account = {"aws_account_id": dev(repository)["aws_account_id"]}
    name = dev(repository)["execution_role_arn"].rpartition("/")[2].upper()
    arn = f"arn:aws:iam::{account['aws_account_id']}:role/other/{name}"
    key = (
        f"arn:aws:kms:{REGION}:{account['aws_account_id']}:key/aaaaaaaa-12ab-34cd-56ef-1234567890ab"
    )
    environment(repository, "prod", **account, execution_role_arn=arn, kms_key_arn=key)
    assert set(refused(repository, "prod")) == {"execution_role_arn"}


def test_replicas_of_a_multi_region_key_are_one_key(repository: Path) -> None:
    for name, region in (("test", "eu-north-1"), ("prod", REGION)):
        environment(
            repository,
            name,
            aws_region=region,
            kms_key_arn=f"arn:aws:kms:{region}:{ACCOUNT}:key/mrk-{'0' * 32}",
            execution_role_arn=f"arn:aws:iam::{ACCOUNT}:role/{name}",
            data_bucket=f"{name}-data",
            model_bucket=f"{name}-model",
        )
    assert set(refused(repository, "prod")) == {"kms_key_arn"}


def test_network_and_account_may_be_shared(repository: Path) -> None:
    names = ("aws_account_id", "aws_region", "vpc_id", "subnet_ids")
    shared = {name: dev(repository)[name] for name in names}
    account, region = shared["aws_account_id"], shared["aws_region"]
    own = {
        "kms_key_arn": f"arn:aws:kms:{region}:{account}:key/aaaaaaaa-12ab-34cd-56ef-1234567890ab",
        "execution_role_arn": f"arn:aws:iam::{account}:role/CreditDefaultProd",
    }
    environment(repository, "prod", **shared, **own)
    assert load(repository, "prod").platform is not None


def test_an_exception_admits_what_it_names_where_it_holds(repository: Path) -> None:
    buckets = {key: dev(repository)[key] for key in ("data_bucket", "model_bucket")}
    environment(repository, "prod", **buckets)
    agree(repository, "prod", buckets["data_bucket"])
    assert set(refused(repository, "prod")) == {"model_bucket"}
    assert set(refused(repository, "dev")) == {"data_bucket", "model_bucket"}
    agree(repository, "prod", "credit-default-data-*", "credit-default-model-*")
    assert load(repository, "prod").platform is not None
    agree(
        repository, "prod", "credit-default-data-*", "credit-default-model-*", control="RML-VPC-1"
    )
    assert set(refused(repository, "prod")) == {"data_bucket", "model_bucket"}


def test_an_exception_that_has_expired_admits_nothing(repository: Path) -> None:
    environment(repository, "prod", data_bucket=dev(repository)["data_bucket"])
    agree(
        repository,
        "prod",
        "credit-default-data-*",
        "credit-default-model-*",
        until=datetime.date(2020, 1, 1),
    )
    assert any("expired" in rule for rule in refused(repository, "prod").values())


def test_a_file_that_cannot_be_read_may_share_everything(repository: Path) -> None:
    (repository / "config/environments/prod.yaml").write_text("kms_key_arn: [")
    assert any("prod.yaml" in field for field in refused(repository, "dev"))
    assert load(repository).platform is None


def test_the_list_shows_each_environment_and_what_is_wrong_in_it(repository: Path) -> None:
    environment(repository, "prod", vpc_id="vpc-1")
    result = rml(repository, "environment", "list")
    assert result.returncode == ExitStatus.OK, result.stderr
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["local", "-", "-", "yes"] in rows
    assert ["dev", "111122223333", "eu-central-1", "yes"] in rows
    assert ["prod", ACCOUNT, REGION, "no:", "vpc_id"] in rows
    content = json.loads(rml(repository, "environment", "list", "--json").stdout)
    assert [each["name"] for each in content] == ["local", "dev", "prod"]
    assert content[2]["problems"][0]["value"] == "vpc-1"
