"""`rml model release`: a tag on the version's commit, pushed with its branch, exactly once."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from commands import git, rml

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.settings import load
from regulated_ml.tracking.anchors import in_tags
from regulated_ml.tracking.trail import Trail
from regulated_ml.workflow.approving import reject
from regulated_ml.workflow.registering import Registrar

from .conftest import CODECOMMIT, Sides


def stopped(act: Callable[[], object]) -> UserError:
    with pytest.raises(UserError) as raised:
        act()
    return raised.value


def refused(sides: Sides, **options: str) -> str:
    """What is said of a release that is refused; nothing is recorded, tagged or pushed."""
    error = stopped(lambda: sides.release(**options))
    assert sides.records() == []
    assert git(sides.there, "for-each-ref") == ""
    return str(error)


def trained(sides: Sides) -> dict[str, object]:
    (path,) = sides.here.glob("runs/train-*/record.json")
    content: dict[str, object] = json.loads(path.read_text())
    return content


def test_the_tag_is_on_the_version_s_commit_and_says_what_it_rests_on(sides: Sides) -> None:
    done = sides.command()
    assert (done.returncode, done.stderr) == (0, "")
    sides.check_done()
    record = trained(sides)
    commit = record["commit"]
    assert isinstance(commit, dict)
    assert git(sides.there, "rev-parse", "model/v1^{commit}") == commit["sha"]
    text = git(sides.there, "for-each-ref", "--format=%(contents)", "refs/tags/model/v1")
    parsed = subprocess.run(
        ["git", "interpret-trailers", "--parse"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    trailers = [line.split(": ", 1) for line in parsed.stdout.splitlines()]
    said = dict(trailers)
    runs = [value for key, value in trailers if key == "Run"]
    assert [run.split("-")[0] for run in runs] == [
        *("prepare", "train", "evaluate", "explain", "register", "approve", "release")
    ]
    archive = (sides.here / "runs" / str(record["id"]) / "model.tar.gz").read_bytes()
    assert said["Model-SHA256"] == hashlib.sha256(archive).hexdigest()
    assert said["Model-Version"] == "1"
    assert said["Approved-By"].startswith("anna@")
    assert said["Reason"] == "Good."
    trail = map(json.loads, (sides.here / "runs/trail.jsonl").read_text().splitlines())
    *_, entry, push = trail  # that the tag arrived is known when it is made
    assert said["Trail-Entry"] == f"{entry['number']} {entry['hash']}"
    assert entry["id"] == runs[-1]
    assert push["id"].startswith("push-")
    assert said["Code-Commit"] == commit["sha"]
    assert said["Documents-Commit"] == git(sides.here, "rev-parse", "HEAD")
    assert "  auc " in text
    log = git(sides.there, "log", "--oneline", "--decorate", "main")
    assert "tag: model/v1" in log


def test_the_same_command_again_says_that_all_is_there_already(sides: Sides) -> None:
    sides.release()
    tag = git(sides.here, "rev-parse", "model/v1")
    done = sides.command("--json")
    content = json.loads(done.stdout)
    assert (content["recorded"], content["tagged"]) == (False, False)
    assert {*content["pushed"].values()} == {"already there"}
    assert git(sides.here, "rev-parse", "model/v1") == tag
    sides.check_done()


def test_everything_that_speaks_against_it_is_said_at_once(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "anna")
    registrar = Registrar(load(sides.here), sides.store, None, lambda *_: None)
    reject(registrar, "v1", "No.")
    (archive,) = sides.here.glob("runs/train-*/model.tar.gz")
    archive.write_bytes(b"no archive")
    git(sides.here, "config", "user.name", "")
    said = refused(sides, remote="--upload-pack=evil")
    assert "v1 is rejected" in said
    assert said.count("model.tar.gz") == 2  # not what the record says; not to be read
    assert "the repository has the remotes origin" in said
    assert "git config user.name" in said


def test_a_version_that_is_not_there_is_said(sides: Sides) -> None:
    assert "the registered versions are v1" in refused(sides, name="v9")


def test_a_tag_of_that_name_that_somebody_made_is_not_taken_for_it(sides: Sides) -> None:
    git(sides.here, "tag", "--annotate", "model/v1", "--message", "Mine")
    assert "this one is another" in refused(sides)
    git(sides.here, "tag", "--delete", "model/v1")
    git(sides.here, "tag", "model/v1")
    assert "this one is another" in refused(sides)


def test_a_commit_that_is_in_no_branch_is_refused(sides: Sides) -> None:
    git(sides.here, "switch", "--quiet", "--orphan", "other")
    git(sides.here, "commit", "--quiet", "--allow-empty", "--message", "Nothing in common")
    git(sides.here, "checkout", "main", "--", ".")
    git(sides.here, "commit", "--quiet", "--message", "All files again")
    git(sides.here, "branch", "--quiet", "--delete", "--force", "main")
    assert "the commit of the version is in a branch" in refused(sides)


def test_where_the_other_side_is_ahead_it_says_how_to_come_together(
    sides: Sides, tmp_path: Path
) -> None:
    git(sides.here, "push", "--quiet", "origin", "main")
    colleague = tmp_path / "colleague"
    git(tmp_path, "clone", "--quiet", str(sides.there), str(colleague))
    git(colleague, "commit", "--quiet", "--allow-empty", "--message", "Meanwhile")
    git(colleague, "push", "--quiet", "origin", "main")
    error = stopped(sides.release)
    assert error.status == ExitStatus.RESOURCE
    assert "git pull --no-rebase origin main" in str(error)
    assert git(sides.there, "tag") == ""
    git(sides.here, "pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main")
    sides.release()
    sides.check_done()


def test_where_nothing_is_reached_record_and_tag_are_kept(sides: Sides) -> None:
    away = sides.there.rename(sides.there.with_name("away.git"))
    error = stopped(sides.release)
    assert error.status == ExitStatus.RESOURCE
    assert "could not be reached" in str(error)
    assert "record and tag are kept" in str(error)
    assert (sides.pushes(), sides.told()) == ([], "release, not pushed")
    assert "v1, not pushed" in rml(sides.here, "runs", "lineage", "v1").stdout
    away.rename(sides.there)
    done = sides.release()
    assert (done.recorded, done.tagged) == (False, False)
    sides.check_done()
    assert sides.told() == "release"


def test_a_push_is_on_record_with_the_address_that_it_went_to(sides: Sides, tmp_path: Path) -> None:
    git(sides.here, "remote", "set-url", "origin", str(tmp_path / "nowhere.git"))
    stopped(sides.release)
    git(sides.here, "remote", "set-url", "origin", CODECOMMIT)
    sides.release()
    sides.check_done()
    other = tmp_path / "other.git"
    git(tmp_path, "init", "--quiet", "--bare", str(other))
    git(sides.here, "remote", "add", "mirror", str(other))
    sides.release(remote="mirror")
    assert {push["address"] for push in sides.pushes()} == {CODECOMMIT, str(other)}
    assert git(other, "rev-parse", "model/v1") == git(sides.here, "rev-parse", "model/v1")
    assert sides.findings() == []


def test_a_rule_of_the_other_side_is_told_in_its_words(sides: Sides) -> None:
    hook = sides.there / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'releases go by way of the pipeline' >&2\nexit 1\n")
    hook.chmod(0o755)
    error = stopped(sides.release)
    assert error.status == ExitStatus.RESOURCE
    assert "has a rule against it" in str(error)
    assert "releases go by way of the pipeline" in str(error)


def test_a_tag_that_another_clone_released_is_never_moved(sides: Sides) -> None:
    git(sides.here, "push", "--quiet", "origin", "main")
    git(sides.there, "tag", "model/v1", "main")
    error = stopped(sides.release)
    assert error.status == ExitStatus.RESOURCE
    assert "what was released is never moved" in str(error)


def test_a_lock_that_a_killed_git_left_behind_does_not_stop_it(sides: Sides) -> None:
    lock = sides.here / ".git/refs/tags/model/v1.lock"
    lock.parent.mkdir()
    lock.touch()
    sides.release()
    sides.check_done()


def test_the_tag_is_signed_where_git_has_a_key(sides: Sides, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    git(sides.here, "config", "gpg.format", "ssh")
    git(sides.here, "config", "user.signingkey", f"{key}.pub")
    sides.release()
    allowed = tmp_path / "allowed"
    allowed.write_text(f"tester@example.com {key.with_suffix('.pub').read_text()}")
    git(sides.here, "config", "gpg.ssh.allowedSignersFile", str(allowed))
    git(sides.here, "tag", "--verify", "model/v1")
    sides.check_done()


def test_a_key_that_git_cannot_use_is_said_and_the_record_waits(sides: Sides) -> None:
    git(sides.here, "config", "gpg.format", "ssh")
    git(sides.here, "config", "user.signingkey", "/nowhere/key.pub")
    error = stopped(sides.release)
    assert error.status == ExitStatus.RESOURCE
    assert "git cannot sign the tag" in str(error)
    assert git(sides.here, "tag") == ""
    git(sides.here, "config", "--unset", "user.signingkey")
    sides.release()
    sides.check_done()


def test_a_password_in_an_address_is_neither_kept_nor_shown(sides: Sides) -> None:
    address = "http://robot:s3cret@127.0.0.1:9/repository"
    git(sides.here, "remote", "set-url", "origin", address)
    error = stopped(sides.release)
    assert error.status == ExitStatus.RESOURCE
    assert "s3cret" not in str(error)
    git(sides.here, "config", f"url.{sides.there}.insteadOf", address)
    sides.release()
    assert not any("s3cret" in path.read_text() for path in sides.here.glob("runs/*/record.json"))
    assert [push["address"] for push in sides.pushes()] == ["http://127.0.0.1:9/repository"]


def test_another_remote_than_the_project_s_is_pointed_out(sides: Sides) -> None:
    git(sides.here, "remote", "set-url", "origin", str(sides.there))
    said = " ".join(sides.command().stderr.split())
    assert "not to the CodeCommit repository credit-default of config/project.yaml" in said


def test_two_at_once_make_one_release(sides: Sides) -> None:
    both = [sides.start(), sides.start()]
    assert [each.wait() for each in both] == [0, 0]
    sides.check_done()


def test_the_tag_of_another_clone_says_nothing_of_this_one_s_trail(
    sides: Sides, tmp_path: Path
) -> None:
    sides.release()
    other = Trail(tmp_path / "other")
    (record,) = sides.here.glob("runs/prepare-*/record.json")
    other.begin("run", {"prepare-20200101-000000-abcdef": record})
    assert in_tags(sides.here, other) == ([], [])


def test_a_trail_that_was_written_anew_is_found_by_the_tag_all_the_same(sides: Sides) -> None:
    sides.release()
    records = {run.id: sides.store.folder_of(run) / "record.json" for run in sides.store.all()}
    sides.store.trail.begin("run", records)
    assert any("the trail was written anew: tag model/v1" in each.what for each in sides.findings())


def test_no_release_covers_a_trail_that_disagrees_with_an_earlier_tag(sides: Sides) -> None:
    newest = sides.store.trail.last()
    assert newest is not None
    text = f"Earlier\n\nTrail-Entry: {newest.number + 5} {newest.hash}"
    git(sides.here, "tag", "--annotate", "model/v0", "--message", text)
    assert "the end of the trail was cut off: tag model/v0" in refused(sides)


@pytest.mark.slow
@pytest.mark.parametrize("is_group", [False, True], ids=["the process", "with its gits"])
def test_killed_at_any_moment_the_next_start_completes_it(sides: Sides, is_group: bool) -> None:
    random = Random(11)
    begun = time.monotonic()
    sides.start().wait()
    whole = time.monotonic() - begun
    for _ in range(2):
        _undo(sides)
        process = sides.start()
        time.sleep(whole * random.uniform(0.3, 1))
        if process.poll() is None:
            (os.killpg if is_group else os.kill)(process.pid, signal.SIGKILL)
        process.wait()
        sides.release()
        sides.check_done()


def _undo(sides: Sides) -> None:
    """Takes the release back, record, tag and all, as nobody should."""
    for folder in (*sides.here.glob("runs/release-*"), *sides.here.glob("runs/push-*")):
        shutil.rmtree(folder)
    trail = sides.here / "runs/trail.jsonl"
    lines = trail.read_text().splitlines()
    kept = [line for line in lines if '"release-' not in line and '"push-' not in line]
    trail.write_text("".join(f"{line}\n" for line in kept))
    git(sides.here, "update-ref", "-d", "refs/tags/model/v1")
    for ref in git(sides.there, "for-each-ref", "--format=%(refname)").splitlines():
        git(sides.there, "update-ref", "-d", ref)


def test_the_address_of_the_sample_is_that_of_codecommit(sides: Sides) -> None:
    assert git(sides.here, "config", "remote.origin.url") == CODECOMMIT
