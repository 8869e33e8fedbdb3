"""`rml runs verify` in a repository: what it says of a whole trail, and of one that is not."""

import json
import shutil
from pathlib import Path

import pytest
from commands import git, rml

from regulated_ml.tracking.anchors import BEGINS, beginning, in_tags, trailer
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
    anchored = rml(small, "runs", "verify").stdout
    assert "anchored in tag model-1 up to entry 4." in anchored
    assert rml(small, "explain", "--force").returncode == 0
    later = rml(small, "runs", "verify").stdout
    assert "up to entry 4; 1 later entry is not anchored yet." in later


def test_runs_that_were_taken_away_are_missed_and_begun_anew_they_are_pointed_out(
    small: Path,
) -> None:
    newest = RunStore(small / "runs").trail.last()
    first = RunStore(small / "runs").trail.first()
    assert newest is not None
    assert first is not None
    text = f"A release\n\n{BEGINS}: {beginning(first)}\n{trailer(newest)}"
    git(small, "tag", "--annotate", "model/v1", "--message", text)
    (small / "runs").rename(small / "away")
    gone = rml(small, "runs", "verify", "--json")
    assert gone.returncode == 1
    (finding,) = json.loads(gone.stdout)["findings"]
    assert finding["place"] == "tag model/v1"
    assert "it names entry 4 of a trail, and no trail is here" in finding["what"]
    (record,) = (small / "away").glob("prepare-*/record.json")
    shutil.copytree(record.parent, small / "runs" / record.parent.name)
    RunStore(small / "runs").trail.begin("run", {"prepare-20200101-000000-abcdef": record})
    assert "model/v1: of another trail than the one here" in rml(small, "runs", "verify").stderr


def test_a_trail_that_was_taken_away_is_one_finding_with_a_way_back(small: Path) -> None:
    (small / "runs/trail.jsonl").unlink()
    done = rml(small, "runs", "verify", "--json")
    (finding,) = json.loads(done.stdout)["findings"]
    assert (done.returncode, finding["place"]) == (1, "trail.jsonl")
    assert "no entry vouches for the 4 records that are here; restore " in finding["what"]


def test_a_broken_last_line_is_named_and_so_is_a_way_on(small: Path) -> None:
    trail = small / "runs/trail.jsonl"
    *kept, _ = trail.read_text().splitlines(keepends=True)
    trail.write_text("".join([*kept, "broken\n"]))
    done = rml(small, "explain", "--force")
    assert done.returncode == 4
    said = " ".join(done.stderr.split())
    assert "trail.jsonl line 4" in said
    assert "take the line out, move the run" in said
    trail.write_text("".join(kept))  # the way that it tells
    (run,) = [
        f["place"] for f in json.loads(rml(small, "runs", "verify", "--json").stdout)["findings"]
    ]
    (small / "runs" / run).rename(small / run)
    assert rml(small, "run").returncode == 0
    assert rml(small, "runs", "verify").returncode == 0


def test_what_a_kill_left_behind_is_named_until_the_next_run_removes_it(small: Path) -> None:
    left = small / "runs/.incomplete/train-20260101-000000-abcdef"
    left.mkdir(parents=True)
    left.with_name(f"{left.name}.lock").touch()
    for verb in ("list", "verify"):
        done = rml(small, "runs", verb)
        assert done.returncode == 0
        assert left.name in done.stderr
    assert rml(small, "explain", "--force").returncode == 0
    assert not left.exists()
    assert rml(small, "runs", "verify").stderr == ""


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
