"""Every way in which a template is named and answers are given, with the real commands."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from commands import TEMPLATE, git

from generation.place import GOOD, QUESTIONS, Place, refused_fields, way_back
from generation.test_rendering import files


def copy_of_template(folder: Path) -> Path:
    """The template as a clone has it: without what git ignores."""
    ignored = shutil.ignore_patterns(".git", ".venv", ".tools", "build", "__pycache__", ".*_cache")
    shutil.copytree(TEMPLATE, folder, ignore=ignored)
    return folder


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The template as a git repository with one commit."""
    folder = copy_of_template(tmp_path / "cookiecutter-regulated-ml")
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "First release")
    return folder


def contents(repository: Path) -> dict[str, bytes]:
    """The contents of every file but that of cruft's."""
    names = [name for name in files(repository) if name != ".cruft.json"]
    return {name: (repository / name).read_bytes() for name in names}


@pytest.fixture(scope="session")
def expected(sample: Path) -> dict[str, bytes]:
    """What the good answers render, whatever the way in."""
    return contents(sample)


def test_answers_as_key_value(place: Place, expected: dict[str, bytes]) -> None:
    result = place.cookiecutter(**GOOD)
    assert result.returncode == 0, result.stderr
    assert contents(place.repository) == expected


def test_key_value_wins_over_the_profile(place: Place) -> None:
    place.cookiecutter("--config-file", place.profile(), cost_center="CC-1")
    project = yaml.safe_load((place.repository / "config/project.yaml").read_text())
    assert project["cost_center"] == "CC-1"


def test_a_profile_of_some_answers_and_the_rest_at_the_prompt(
    place: Place, expected: dict[str, bytes]
) -> None:
    profile = place.home / "organisation.yaml"
    answers = {key: GOOD[key] for key in ("aws_account_id", "aws_region", "vpc_id")}
    profile.write_text(yaml.safe_dump({"default_context": answers}))
    typed = "".join("\n" if key in answers else f"{GOOD[key]}\n" for key in QUESTIONS)
    result = place.run("cookiecutter", "--config-file", profile, TEMPLATE, stdin=typed)
    assert result.returncode == 0, result.stderr
    assert contents(place.repository) == expected


def test_a_relative_path(place: Place, expected: dict[str, bytes]) -> None:
    relative = Path("..") / "template"
    copy_of_template(place.output / relative)
    result = place.cookiecutter("--config-file", place.profile(), template=relative)
    assert result.returncode == 0, result.stderr
    assert contents(place.repository) == expected


def test_bytecode_in_a_template_is_not_rendered(place: Place, template: Path) -> None:
    cache = template / "{{cookiecutter.project_slug}}/src/regulated_ml/cli/__pycache__"
    cache.mkdir()
    (cache / "app.cpython-311.pyc").write_bytes(b"\0")
    result = place.cookiecutter("--config-file", place.profile(), template=template)
    assert result.returncode == 0, result.stderr
    assert list(place.repository.rglob("__pycache__")) == []
    assert cache.is_dir()


def test_the_folder_of_the_template_itself(
    place: Place, template: Path, expected: dict[str, bytes]
) -> None:
    result = place.run(
        *("cookiecutter", "--no-input", ".", "--config-file", place.profile()),
        *("--output-dir", place.output),
        cwd=template,
    )
    assert result.returncode == 0, result.stderr
    assert contents(place.repository) == expected
    assert git(template, "status", "--porcelain") == ""


def test_a_git_address(place: Place, template: Path, expected: dict[str, bytes]) -> None:
    address = f"file://{template}"
    result = place.cookiecutter("--config-file", place.profile(), template=address)
    assert result.returncode == 0, result.stderr
    assert contents(place.repository) == expected
    assert way_back(place.cookiecutter("-f", vpc_id="x", template=address))[-1] == address


def test_a_branch_of_a_git_address(place: Place, template: Path) -> None:
    git(template, "branch", "release")
    options = ("--checkout", "release", "--config-file", place.profile())
    result = place.cookiecutter(*options, template=f"file://{template}")
    assert result.returncode == 0, result.stderr
    command = way_back(place.cookiecutter(*options, template=f"file://{template}", vpc_id="x"))
    assert command[command.index("--checkout") + 1] == "release"


def test_a_zip_file(place: Place, template: Path, expected: dict[str, bytes]) -> None:
    archive = place.home / "template.zip"
    git(template, "archive", f"--output={archive}", "--prefix=cookiecutter-regulated-ml/", "HEAD")
    result = place.cookiecutter("--config-file", place.profile(), template=archive)
    assert result.returncode == 0, result.stderr
    assert contents(place.repository) == expected


def replayed(place: Place, **changes: object) -> Path:
    """A replay file of the good answers with these changes, and nothing in the output folder."""
    place.cookiecutter("--config-file", place.profile())
    shutil.rmtree(place.repository)
    content = json.loads(place.replay().read_text())
    content["cookiecutter"].update(changes)
    path = place.home / "replay.json"
    path.write_text(json.dumps(content))
    return path


def test_a_replay_file(place: Place, expected: dict[str, bytes]) -> None:
    result = place.run("cookiecutter", "--replay-file", replayed(place), TEMPLATE)
    assert result.returncode == 0, result.stderr
    assert contents(place.repository) == expected


def test_the_last_answers_again(place: Place, expected: dict[str, bytes]) -> None:
    replayed(place)
    result = place.run("cookiecutter", "--replay", TEMPLATE)
    assert result.returncode == 0, result.stderr
    assert contents(place.repository) == expected


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"vpc_id": "subnet-0a1b2c3d"}, "vpc_id"),
        ({"project_slug": "../evil"}, "project_slug"),
        ({"project_slug": ["a"]}, None),
        ({"aws_account_id": 111122223333}, "aws_account_id"),
        ({"subnet_ids": []}, "subnet_ids"),
        ({"owner_name": "{{ 1 }}"}, "owner_name"),
        ({"_jinja2_env_vars": {"trim_blocks": True}}, "_jinja2_env_vars"),
        ({"_new_lines": "x"}, "_new_lines"),
    ],
)
def test_answers_of_a_replay_file_are_checked(
    place: Place, changes: dict[str, object], refused: str | None
) -> None:
    result = place.run("cookiecutter", "--replay-file", replayed(place, **changes), TEMPLATE)
    if refused:
        assert refused_fields(result) == [refused]
        assert list(place.output.iterdir()) == []
        assert not (place.output.parent / "evil").exists()
    else:
        assert result.returncode == 0, result.stderr


def test_private_values_of_a_replay_file_are_made_anew(
    place: Place, expected: dict[str, bytes]
) -> None:
    stale = {"__git_remote": "codecommit::us-east-1://other", "_copy_without_render": []}
    replay = replayed(place, codecommit_repository="renamed", **stale)
    result = place.run("cookiecutter", "--replay-file", replay, TEMPLATE)
    assert result.returncode == 0, result.stderr
    assert git(place.repository, "remote", "get-url", "origin") == (
        "codecommit::eu-central-1://renamed"
    )
    assert contents(place.repository).keys() == expected.keys()


def test_private_values_of_a_profile_are_not_taken(
    place: Place, expected: dict[str, bytes]
) -> None:
    changes = {"__git_remote": "ext::sh -c id", "_copy_without_render": []}
    result = place.cookiecutter("--config-file", place.profile(**changes))
    assert result.returncode == 0, result.stderr
    assert git(place.repository, "remote", "get-url", "origin") == (
        "codecommit::eu-central-1://credit-default"
    )
    assert contents(place.repository) == expected


def test_a_profile_without_the_extension_renders_nothing(place: Place) -> None:
    result = place.cookiecutter("--config-file", place.profile(_extensions=[]))
    assert result.returncode == 1
    assert "No filter named 'git_remote'" in result.stderr
    assert list(place.output.iterdir()) == []


def created(place: Place, template: Path) -> Path:
    """A repository made by cruft and committed."""
    result = place.run("cruft", "create", "-y", "--config-file", place.profile(), template)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "  cd credit-default\n  make setup\n  make demo\n" in result.stdout
    commit(place.repository, "Rendered")
    return place.repository


def test_cruft_create(place: Place, template: Path, expected: dict[str, bytes]) -> None:
    repository = created(place, template)
    assert contents(repository) == expected
    assert git(repository, "remote", "get-url", "origin") == (
        "codecommit::eu-central-1://credit-default"
    )


def test_cruft_create_refuses_and_starts_again(
    place: Place, template: Path, expected: dict[str, bytes]
) -> None:
    profile = place.profile(vpc_id="x", subnet_ids=GOOD["subnet_ids"].split(", "))
    result = place.run("cruft", "create", "-y", "--config-file", profile, template)
    assert refused_fields(result) == ["vpc_id"]
    assert list(place.output.iterdir()) == []
    command = [*way_back(result), "-y", "--extra-context", json.dumps({"vpc_id": GOOD["vpc_id"]})]
    again = place.run(*command)
    assert again.returncode == 0, again.stdout + again.stderr
    assert contents(place.repository) == expected


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def release(template: Path) -> None:
    """A next version, in which the questions, the filters and a remote are other ones."""
    edit(template / "cookiecutter.json", "| git_remote", "| same | git_remote")
    edit(template / "hooks/names.py", "codecommit::", "codecommit::team@")
    edit(template / "hooks/names.py", '"package": package,', '"package": package, "same": str,')
    makefile = template / "{{cookiecutter.project_slug}}/Makefile"
    makefile.write_text(makefile.read_text() + "\n# A line of the next version.\n")
    commit(template, "Second release")


def test_cruft_update_brings_the_next_version(place: Place, template: Path) -> None:
    repository = created(place, template)
    release(template)
    result = place.run("cruft", "update", "-y", cwd=repository)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
    assert (repository / "Makefile").read_text().endswith("# A line of the next version.\n")
    assert "make setup" not in result.stdout
    changed = git(repository, "status", "--porcelain").split()[1::2]
    assert changed == [".cruft.json", "Makefile"]
    assert git(repository, "log", "--format=%s") == "Rendered"


def test_cruft_diff_of_a_fresh_repository_is_empty(place: Place, template: Path) -> None:
    repository = created(place, template)
    result = place.run("cruft", "diff", "--exit-code", cwd=repository)
    assert result.returncode == 0, result.stdout + result.stderr


def test_cruft_update_refuses_tampered_answers_and_runs_nothing(
    place: Place, template: Path
) -> None:
    repository = created(place, template)
    ran = place.home / "ran"
    payload = f"{{{{ cycler.__init__.__globals__.os.system('touch {ran}') }}}}"
    edit(repository / ".cruft.json", json.dumps(GOOD["owner_name"]), json.dumps(payload))
    commit(repository, "Tampered")
    release(template)
    result = place.run("cruft", "update", "-y", cwd=repository)
    assert refused_fields(result) == ["owner_name"]
    assert git(repository, "status", "--porcelain") == ""
    assert not ran.exists()


def test_an_answer_that_a_new_release_refuses_is_given_anew(place: Place, template: Path) -> None:
    repository = created(place, template)
    rules = template / "{{cookiecutter.project_slug}}/src/regulated_ml/identifiers.toml"
    edit(rules, "public|internal|confidential|restricted", "green|amber|red")
    commit(template, "Other classes")
    result = place.run("cruft", "update", "-y", cwd=repository)
    assert refused_fields(result) == ["data_classification"]
    assert git(repository, "status", "--porcelain") == ""
    command = [word.replace("...", "amber") for word in way_back(result)]
    assert command[:3] == ["cruft", "update", "--variables-to-update"]
    again = place.run(*command, "-y", cwd=repository)
    assert again.returncode == 0, again.stdout + again.stderr
    project = yaml.safe_load((repository / "config/project.yaml").read_text("utf-8"))
    assert project["data_classification"] == "amber"
