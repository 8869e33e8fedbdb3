"""`rml standard check`: what was changed, removed or added, and against which hashes."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import TEMPLATE, git, rml

from regulated_ml.errors import UserError
from regulated_ml.standard import conformance, manifest
from regulated_ml.standard.conformance import check

STANDARD = "src/regulated_ml"


def found(repository: Path, against: Path | None = None) -> set[tuple[str, str]]:
    return {(finding.path, finding.state) for finding in check(repository, against)}


@pytest.fixture
def release(sample: Path, tmp_path: Path) -> Path:
    """A release as its folder, whose managed files have the manifest that fits them."""
    folder = tmp_path / "release" / conformance.RENDERED_FOLDER
    shutil.copytree(sample, folder, ignore=shutil.ignore_patterns(".git"), symlinks=True)
    manifest.write(folder)
    return folder.parent


@pytest.fixture
def conforming(repository: Path) -> Path:
    """A repository whose manifest is current, even while the standard is being worked on."""
    manifest.write(repository)
    return repository


def test_an_untouched_repository_conforms(conforming: Path) -> None:
    assert check(conforming) == []


@pytest.mark.parametrize("path", [f"{STANDARD}/errors.py", "Makefile", "buildspec.yml"])
def test_a_changed_file_is_named(conforming: Path, path: str) -> None:
    with (conforming / path).open("a", encoding="utf-8") as file:
        file.write("# ours\n")
    assert found(conforming) == {(path, "changed")}


def test_windows_line_ends_count_as_a_change(conforming: Path) -> None:
    path = conforming / "Makefile"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert found(conforming) == {("Makefile", "changed")}


def test_a_removed_file_is_named(conforming: Path) -> None:
    (conforming / STANDARD / "errors.py").unlink()
    assert found(conforming) == {(f"{STANDARD}/errors.py", "removed")}


@pytest.mark.parametrize("name", ["smuggled.py", "errors.so", "reports/.hidden", "new/deep/x.txt"])
def test_a_file_smuggled_into_the_standard_is_named(conforming: Path, name: str) -> None:
    path = conforming / STANDARD / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    assert found(conforming) == {(f"{STANDARD}/{name}", "added")}


def test_a_template_that_the_controls_do_not_make_is_named(conforming: Path) -> None:
    with (conforming / "infrastructure/roles.yaml").open("a", encoding="utf-8") as file:
        file.write("# ours\n")
    (conforming / "infrastructure/key.yaml").unlink()
    expected = {("infrastructure/roles.yaml", "stale"), ("infrastructure/key.yaml", "stale")}
    assert found(conforming) == expected
    assert rml(conforming, "security", "policies", "--write").returncode == 0
    assert found(conforming) == set()


def test_broken_controls_are_named_where_they_lie(conforming: Path) -> None:
    (conforming / "config/controls.yaml").write_text("controls: [{}]\n", encoding="utf-8")
    (finding,) = check(conforming)
    assert finding.state == "stale" and "config/controls.yaml" in finding.detail


def test_a_link_to_an_equal_file_outside_is_a_change(conforming: Path, tmp_path: Path) -> None:
    path = conforming / STANDARD / "errors.py"
    path.rename(tmp_path / "elsewhere.py")
    path.symlink_to(tmp_path / "elsewhere.py")
    assert found(conforming) == {(f"{STANDARD}/errors.py", "changed")}


def test_the_teams_own_files_are_free(conforming: Path) -> None:
    (conforming / "config/model.yaml").write_text("", encoding="utf-8")
    (conforming / "src/mine").mkdir()
    (conforming / "src/mine/new.py").touch()
    (conforming / "README.md").unlink()
    assert check(conforming) == []


@pytest.mark.parametrize(
    ("content", "state"), [(None, "removed"), ("", "changed"), ("[]", "changed"), ("{}", "changed")]
)
def test_a_manifest_that_is_none_is_named(
    conforming: Path, content: str | None, state: str
) -> None:
    path = conforming / manifest.MANIFEST
    if content is None:
        path.unlink()
    else:
        path.write_text(content, encoding="utf-8")
    assert found(conforming) == {(manifest.MANIFEST, state)}


def tamper(repository: Path) -> None:
    """Changes a file of the standard and the repository's own hash of it."""
    (repository / STANDARD / "errors.py").write_text("# mine now\n", encoding="utf-8")
    manifest.write(repository)


def as_folder(release: Path) -> Path:
    return release


def as_zip(release: Path) -> Path:
    return Path(shutil.make_archive(str(release), "zip", release))


def as_zip_with_a_folder_on_top(release: Path) -> Path:
    return Path(shutil.make_archive(str(release), "zip", release.parent, release.name))


def as_git_checkout(release: Path) -> Path:
    git(release, "init", "--quiet")
    git(release, "add", "--all")
    git(release, "commit", "--quiet", "--message", "release")
    clone = release.parent / "clone"
    git(release.parent, "clone", "--quiet", str(release), str(clone))
    return clone


FORMS = [as_folder, as_zip, as_zip_with_a_folder_on_top, as_git_checkout]


@pytest.mark.parametrize("form", FORMS)
def test_a_change_with_its_own_hash_is_found_against_a_release(
    conforming: Path, release: Path, form: Callable[[Path], Path]
) -> None:
    against = form(release)
    assert check(conforming, against) == []
    tamper(conforming)
    assert check(conforming) == []
    assert found(conforming, against) == {
        (f"{STANDARD}/errors.py", "changed"),
        (manifest.MANIFEST, "changed"),
    }


def refusal(repository: Path, against: Path) -> str:
    with pytest.raises(UserError) as caught:
        check(repository, against)
    (problem,) = caught.value.problems
    return problem.rule


def test_a_release_must_be_whole(conforming: Path, release: Path) -> None:
    tampered = release / conformance.RENDERED_FOLDER / "Makefile"
    tampered.write_text("all:\n", encoding="utf-8")
    assert refusal(conforming, release) == "the release's files are not those of its own manifest"


def test_a_release_must_have_the_repositorys_version(conforming: Path, release: Path) -> None:
    path = conforming / manifest.MANIFEST
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "version": "9.9.9"}), encoding="utf-8")
    assert refusal(conforming, release) == "the release must be the repository's version, 9.9.9"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": "1", "files": []}'])
def test_a_release_whose_manifest_is_none_is_refused(
    conforming: Path, release: Path, content: str
) -> None:
    (release / conformance.RENDERED_FOLDER / manifest.MANIFEST).write_text(content, "utf-8")
    assert refusal(conforming, release) == f"its {manifest.MANIFEST} is no manifest"


def test_a_zip_file_with_any_byte_damaged_is_refused_or_is_as_good(tmp_path: Path) -> None:
    folder = tmp_path / "release" / conformance.RENDERED_FOLDER
    (folder / manifest.MANIFEST).parent.mkdir(parents=True)
    (folder / "Makefile").write_text("all:\n" * 20, encoding="utf-8")
    manifest.write(folder)
    whole = as_zip(tmp_path / "release").read_bytes()
    # A folder without a lock and without controls.
    lacks = {("requirements.lock", "wrong"), ("infrastructure", "stale")}
    assert found(folder, tmp_path / "release.zip") == lacks
    refused = 0
    for position in range(0, len(whole), 5):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        (tmp_path / "release.zip").write_bytes(damaged)
        try:
            # What stays readable, such as the time of a file, changes nothing that is checked.
            assert found(folder, tmp_path / "release.zip") == lacks
        except UserError:
            refused += 1
    assert refused > 100


def test_what_is_no_release_is_refused(conforming: Path, tmp_path: Path) -> None:
    empty, text, packed = tmp_path / "empty", tmp_path / "text", tmp_path / "other.zip"
    empty.mkdir()
    text.write_text("no zip", encoding="utf-8")
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x/y", "z")
    for path in (empty, text, packed, tmp_path / "missing"):
        assert refusal(conforming, path) == "holds no release of the template"


def test_the_command_says_what_is_wrong_and_ends_with_1(conforming: Path) -> None:
    assert rml(conforming, "standard", "check").returncode == 0
    tamper(conforming)
    (conforming / STANDARD / "errors.py").unlink()
    (conforming / "Makefile").unlink()
    result = rml(conforming, "standard", "check", "--json", PYTHONPATH=str(TEMPLATE_SOURCE))
    assert result.returncode == 1
    assert {f["path"]: f["state"] for f in json.loads(result.stdout)["findings"]} == {
        f"{STANDARD}/errors.py": "removed",
        "Makefile": "removed",
    }


# The release's own copy of the check, as the threat model advises for checks that count.
TEMPLATE_SOURCE = TEMPLATE / conformance.RENDERED_FOLDER / "src"
