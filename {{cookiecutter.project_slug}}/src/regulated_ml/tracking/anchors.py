"""Where hashes of the trail are kept besides the trail: tags of releases, and a bucket on AWS."""

import re
from collections.abc import Iterable
from pathlib import Path

from regulated_ml.platforms.sagemaker.keeping import CLONE, Kept
from regulated_ml.tracking import git
from regulated_ml.tracking.trail import FETCHED, Anchor, Entry, Finding, Trail

# A line of a tag's message; `git interpret-trailers` reads it too.
TRAILER = "Trail-Entry"
LINE = re.compile(rf"^{TRAILER}: (\d+) ([0-9a-f]{{64}})$", re.MULTILINE)
BEGINS = "Trail-Begins"  # names the clone whose trail it is, as the bucket does
BEGINNING = re.compile(rf"^{BEGINS}: ([0-9a-f]+)$", re.MULTILINE)
RUN = re.compile(r"^Run: (\S+)$", re.MULTILINE)  # that the release rests on, and its own
END = "\x1e"  # after each message; no message holds it


def trailer(entry: Entry) -> str:
    """The line that anchors an entry in the message of a tag."""
    return f"{TRAILER}: {entry.number} {entry.hash}"


def in_tags(root: Path, trail: Trail) -> tuple[list[Anchor], list[Finding]]:
    """The anchors in annotated tags that a trail has to agree with; why they are not known, if so.

    Where there is no repository there are no anchors, and nothing is wrong. A tag that was fetched
    may be of another clone, and then anchors that clone's trail.
    """
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return [], []
    form = f"--format=%(objecttype) %(refname:short)%0a%(contents){END}"
    try:
        done = git.run(root, "for-each-ref", "refs/tags", form)
    except FileNotFoundError:
        return [], [_unknown("git is not installed")]
    if done.returncode != 0:
        return [], [_unknown(done.stderr.strip().partition("\n")[0])]
    return _in_messages(done.stdout, *_own(trail)), []


def in_bucket(trail: Trail, kept: Iterable[Kept]) -> list[Anchor]:
    """Those of the anchors in the trail's bucket that this trail has to agree with.

    Each clone of the repository has a trail of its own, and they share the bucket. An anchor is of
    this one when it says so; or when it is of a run that was made here, for then another beginning
    means that the trail was written anew.
    """
    clone, made_here = _own(trail)
    return [
        Anchor(each.address, each.number, each.hash)
        for each in kept
        if each.clone == clone or (each.kind != FETCHED and each.id in made_here)
    ]


def fetched_otherwise(trail: Trail, kept: Iterable[Kept]) -> list[Finding]:
    """The records that were fetched, and are others than whoever made them has anchored."""
    made = {(each.id, each.record) for each in kept if each.kind != FETCHED}
    anchored = {run_id for run_id, _ in made}
    return [
        Finding(entry.id, "the record is not the one that whoever made it has anchored")
        for entry in trail.entries()
        if entry.kind == FETCHED and entry.id in anchored and (entry.id, entry.record) not in made
    ]


def _own(trail: Trail) -> tuple[str, set[str]]:
    """What tells a trail from that of another clone: its beginning, and the runs made here."""
    entries = list(trail.entries())
    made_here = {entry.id for entry in entries if entry.kind != FETCHED}
    return (beginning(entries[0]) if entries else ""), made_here


def beginning(first: Entry) -> str:
    """The name of the trail that begins with an entry."""
    return first.hash[:CLONE]


def _unknown(why: str) -> Finding:
    return Finding("tags", f"whether the trail is anchored is not known, git does not say: {why}")


def _in_messages(text: str, clone: str, made_here: set[str]) -> list[Anchor]:
    anchors = []
    for message in text.split(END):
        kind, _, rest = message.strip().partition(" ")
        name, _, body = rest.partition("\n")
        of_others = {*BEGINNING.findall(body)} - {clone} and made_here.isdisjoint(RUN.findall(body))
        if kind == "tag" and not of_others:
            anchors += [Anchor(f"tag {name}", int(n), found) for n, found in LINE.findall(body)]
    return anchors
