"""What a person sees and keeps when answers break rules."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from commands import TEMPLATE

from generation.place import GOOD, QUESTIONS, TYPED, Place, refused_fields, way_back

sys.path.append(str(TEMPLATE))
from hooks import refusal

SUBNET = "subnet-0a1b2c3d4e5f60718"


def kept(result: "subprocess.CompletedProcess[str]") -> Path:
    """The file with the good answers, as the message names it."""
    command = way_back(result)
    return Path(command[command.index("--config-file") + 1])


def test_all_problems_stand_in_one_table(place: Place) -> None:
    result = place.cookiecutter("--config-file", place.profile(vpc_id=SUBNET, cost_center="a;b"))
    assert refused_fields(result) == ["cost_center", "vpc_id"]
    assert "2 answers break a rule" in result.stderr
    rows = [line.split(maxsplit=1) for line in result.stderr.splitlines()]
    labels = [row[0] for row in rows if row and row[0] in {"field", "value", "rule", "fix"}]
    assert labels == ["field", "value", "rule", "fix"] * 2
    assert f"value   {SUBNET}" in result.stderr
    assert "describe-subnets" in result.stderr


def test_without_an_answer_every_question_without_default_is_named(place: Place) -> None:
    result = place.cookiecutter()
    assert refused_fields(result) == [key for key, default in QUESTIONS.items() if not default]


def test_the_table_fits_into_80_columns(place: Place) -> None:
    long = dict.fromkeys(QUESTIONS, "x y" * 3_000)
    table = place.cookiecutter(**long).stderr.split("kept in a file")[0]
    assert max(map(len, table.splitlines())) <= 80


def test_what_cannot_be_seen_is_made_visible_and_cut(place: Place) -> None:
    hidden = "\u202e\u2066\x1b[31m\u200b" + "x" * 10_000
    result = place.cookiecutter("--config-file", place.profile(owner_name=hidden))
    assert "<U+202E><U+2066><U+001B>[31m<U+200B>xxx" in result.stderr
    assert not set("\u202e\u2066\x1b\u200b") & set(result.stderr)
    assert result.stderr.count("x" * 30) < 4


def test_markup_of_the_terminal_is_shown_as_it_was_typed(place: Place) -> None:
    result = place.cookiecutter("--config-file", place.profile(vpc_id="[red]:smile:[/red] [/"))
    assert "[red]:smile:[/red] [/" in result.stderr


@pytest.mark.parametrize("slug", ["../../evil", "/tmp/evil", "x" * 10_000, "a/b", ".", ""])
def test_nothing_is_left_whatever_the_folder_would_be_called(place: Place, slug: str) -> None:
    before = sorted(place.output.parent.rglob("*"))
    result = place.cookiecutter("--config-file", place.profile(project_slug=slug))
    assert refused_fields(result)[0] == "project_slug"
    after = sorted(place.output.parent.rglob("*"))
    new = {path.relative_to(place.output.parent).parts[0] for path in after if path not in before}
    assert new == {"home"}
    assert not Path("/tmp/evil").exists()


def test_a_folder_that_was_there_is_left_as_it_was(place: Place) -> None:
    (place.output / "credit-default").mkdir()
    (place.output / "credit-default/mine.txt").write_text("mine")
    refused_fields(place.cookiecutter("-f", "--config-file", place.profile(vpc_id="")))
    assert [path.name for path in place.repository.iterdir()] == ["mine.txt"]


def test_hooks_that_are_not_accepted_do_not_switch_the_rules_off(place: Place) -> None:
    profile = place.profile(vpc_id="")
    result = place.cookiecutter("--accept-hooks", "no", "--config-file", profile)
    assert refused_fields(result) == ["vpc_id"]
    assert list(place.output.iterdir()) == []


def test_good_answers_are_kept_for_the_person_alone_outside_the_output(place: Place) -> None:
    result = place.cookiecutter("--config-file", place.profile(vpc_id=SUBNET, owner_name=""))
    path = kept(result)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.is_relative_to(place.output)
    assert path.is_relative_to(place.home)
    content = yaml.safe_load(path.read_text("utf-8"))
    expected = {key: TYPED[key] for key in TYPED if key not in {"vpc_id", "owner_name"}}
    # What equals its default is made again.
    del expected["project_name"], expected["data_classification"]
    assert content == {"default_context": expected}


def test_names_made_from_a_wrong_answer_are_not_kept(place: Place) -> None:
    result = place.cookiecutter(project_name="a {{ b }}", cost_center="CC-1")
    assert yaml.safe_load(kept(result).read_text())["default_context"] == {"cost_center": "CC-1"}


@pytest.mark.parametrize(
    "text", ["Söhne 🚀 \"a\" 'b' \\ # : - [x] & *y !z %a @b `c`", "1.0", "no", "{a: b}"]
)
def test_kept_answers_come_back_as_they_were(place: Place, text: str) -> None:
    result = place.cookiecutter(description=text)
    assert yaml.safe_load(kept(result).read_text("utf-8"))["default_context"]["description"] == text


def test_the_command_starts_again_from_the_good_answers(place: Place) -> None:
    result = place.cookiecutter("--config-file", place.profile(vpc_id=SUBNET, owner_name=""))
    mended = {"vpc_id": GOOD["vpc_id"], "owner_name": GOOD["owner_name"]}
    # A person presses enter at every question but these two.
    typed = "".join(f"{mended.get(key, '')}\n" for key in QUESTIONS)
    again = place.run(*way_back(result), stdin=typed)
    assert again.returncode == 0, again.stderr
    project = yaml.safe_load((place.repository / "config/project.yaml").read_text("utf-8"))
    environment = yaml.safe_load(
        (place.repository / "config/environments/dev.yaml").read_text("utf-8")
    )
    assert {**project, **environment}.items() >= {**TYPED, **mended}.items() - {
        (key, TYPED[key]) for key in ("subnet_ids", "security_group_ids")
    }


def test_the_command_says_where_to_render(place: Place) -> None:
    profile = place.profile(vpc_id="")
    result = place.cookiecutter("--config-file", profile, "--output-dir", place.home / "a b")
    command = way_back(result)
    assert command[command.index("--output-dir") + 1] == str(place.home / "a b")
    assert command[-1] == str(TEMPLATE)
    assert not (place.home / "a b").exists()


def test_answers_are_kept_outside_even_if_the_home_is_the_output_folder(place: Place) -> None:
    profile = place.profile(vpc_id="")
    result = place.cookiecutter("--config-file", profile, "--output-dir", place.home)
    assert not kept(result).is_relative_to(place.home)
    kept(result).unlink()


def test_a_home_that_cannot_be_written_does_not_lose_the_answers(place: Place) -> None:
    (place.home / ".local").write_text("a file where a folder should be")
    result = place.cookiecutter("--config-file", place.profile(vpc_id=""))
    assert kept(result).is_file()
    kept(result).unlink()


def test_a_full_disk_is_said_and_is_no_traceback() -> None:
    full = OSError(28, "No space left on device")
    with patch("tempfile.mkstemp", side_effect=full):
        (line,) = refusal.way_back({}, ["vpc_id"], {"_template": "."})
    assert "No space left on device" in line


def test_a_terminal_without_the_signs_shows_the_table_all_the_same(place: Place) -> None:
    profile = place.profile(vpc_id="", owner_name="Größe\u202e🚀")
    result = place.run(
        *("cookiecutter", "--no-input", TEMPLATE, "--config-file", profile),
        PYTHONIOENCODING="ascii",
    )
    assert refused_fields(result) == ["owner_name", "vpc_id"]
    assert result.stderr.isascii()


def test_an_old_python_is_said_in_one_sentence(place: Place) -> None:
    code = "import sys; sys.version_info = (3, 10); from cookiecutter.cli import main; main()"
    result = place.run(sys.executable, "-c", code, "--no-input", TEMPLATE)
    assert result.returncode == 1
    assert "cookiecutter has to run under Python 3.11 or later" in result.stdout
    assert "Traceback" not in result.stderr


# A profile is YAML, and YAML has more than texts.
@pytest.mark.parametrize(
    ("answers", "refused"),
    [
        ({"subnet_ids": GOOD["subnet_ids"].split(", ")}, []),
        ({"security_group_ids": [GOOD["security_group_ids"]]}, []),
        ({"cost_center": 4711}, []),
        ({"aws_account_id": 111122223333}, []),
        ({"subnet_ids": []}, ["subnet_ids"]),
        ({"security_group_ids": None}, ["security_group_ids"]),
        ({"aws_account_id": 1234567}, ["aws_account_id"]),
        ({"owner_name": True}, ["owner_name"]),
        ({"owner_name": {"first": "A"}, "vpc_id": {"a": [1]}}, ["vpc_id"]),
        ({"vpc_id": yaml.safe_load("2026-11-24")}, ["vpc_id"]),
        ({"cost_center": 1.5}, []),
        ({"vpc_id": b"\xff"}, ["vpc_id"]),
    ],
)
def test_values_of_yaml(place: Place, answers: dict[str, Any], refused: list[str]) -> None:
    result = place.cookiecutter("--config-file", place.profile(**answers))
    if refused:
        assert refused_fields(result) == refused
    else:
        assert result.returncode == 0, result.stderr
        written = (place.repository / "config/environments/dev.yaml").read_text("utf-8")
        assert yaml.safe_load(written)["subnet_ids"] == GOOD["subnet_ids"].split(", ")


def test_a_prompt_takes_what_is_typed_and_refuses_it_at_the_end(place: Place) -> None:
    typed = {**GOOD, "vpc_id": SUBNET}
    result = place.run("cookiecutter", TEMPLATE, stdin="".join(f"{v}\n" for v in typed.values()))
    assert refused_fields(result) == ["vpc_id"]
    assert os.listdir(place.output) == []  # noqa: PTH208


def test_prompts_are_words_with_an_example_and_never_the_bare_key(place: Place) -> None:
    result = place.run("cookiecutter", TEMPLATE, stdin="".join(f"{v}\n" for v in GOOD.values()))
    assert result.returncode == 0, result.stdout + result.stderr
    questions = result.stdout.split("/18]")[1:]
    assert len(questions) == len(QUESTIONS)
    for key, text in zip(QUESTIONS, questions, strict=True):
        words = " ".join(text.split())
        assert key not in words.split("(")[0]
        assert "(for example: " in words
