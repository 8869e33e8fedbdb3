"""`rml runs verify` in a repository: what it says of a whole trail, and of one that is not."""

import json
from pathlib import Path

import pytest
from commands import git, rml

from regulated_ml.tracking.anchors import in_tags, trailer
from regulated_ml.tracking.store import RunStore
from regulated_ml.tracking.trail import Trail


def test_a_whole_trail_is_said_to_be_whole_and_anchored_by_a_tag(small: Path) -> None:
    done = rml(small, "runs", "verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 entries" in done.stdout
    assert "not anchored" in done.stdout
    newest = RunStore(small / "runs").trail.last()
    assert newest is not None
    git(small, "tag", "--annotate", "model-1", "--message", f"A release\n\n{trailer(newest)}")
    assert "anchored in tag model-1" in rml(small, "runs", "verify").stdout


def test_a_cut_end_is_found_by_the_tag_and_a_changed_artefact_by_its_record(small: Path) -> None:
    newest = json.loads(rml(small, "runs", "verify", "--json").stdout)["newest"]
    git(small, "tag", "--annotate", "model-1", "--message", f"A release\n\nTrail-Entry: 4 {newest}")
    trail = small / "runs/trail.jsonl"
    *kept, last = trail.read_text().splitlines(keepends=True)
    trail.write_text("".join(kept))
    (artefact,) = small.glob("runs/evaluate-*/evaluation/evaluation.json")
    artefact.write_text(artefact.read_text().replace("0", "1", 1))
    done = rml(small, "runs", "verify", "--json")
    assert done.returncode == 1
    said = [f"{each['place']}: {each['what']}" for each in json.loads(done.stdout)["findings"]]
    assert any("tag model-1 names entry 4" in each for each in said)
    assert any("evaluation.json" in each and "changed" in each for each in said)
    assert any(json.loads(last)["id"] in each and "inserted" in each for each in said)


def test_added_files_and_anchors_that_git_does_not_tell_are_found(small: Path) -> None:
    (folder,) = small.glob("runs/evaluate-*")
    (folder / "evaluation/approval.json").write_text("{}")
    (folder / "link").symlink_to("/etc")
    (small / ".git/HEAD").write_text("nonsense")
    done = rml(small, "runs", "verify", "--json")
    assert done.returncode == 1
    found = {each["place"]: each["what"] for each in json.loads(done.stdout)["findings"]}
    added = [f"{folder.name}/evaluation/approval.json", f"{folder.name}/link"]
    assert sorted(found) == [*added, "tags"]
    assert "git does not say: fatal: not a git repository" in found["tags"]
    assert all("added" in found[place] for place in added)


def test_variables_of_a_hook_lead_to_no_other_repositorys_tags(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = RunStore(small / "runs").trail.last()
    assert newest is not None
    git(small, "tag", "--annotate", "model-1", "--message", trailer(newest))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    (anchor,), findings = in_tags(small, Trail(small / "runs"))
    assert (anchor.number, findings) == (newest.number, [])


def test_without_a_repository_there_are_no_anchors_and_nothing_is_wrong(tmp_path: Path) -> None:
    assert in_tags(tmp_path, Trail(tmp_path)) == ([], [])
