"""Where hashes of the trail are kept besides the trail: tags of releases, and a bucket on AWS."""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from regulated_ml.platforms.sagemaker.keeping import CLONE, Kept
from regulated_ml.tracking.trail import FETCHED, Anchor, Entry, Finding, Trail

# A line of a tag's message; `git interpret-trailers` reads it too.
TRAILER = "Trail-Entry"
LINE = re.compile(rf"^{TRAILER}: (\d+) ([0-9a-f]{{64}})$", re.MULTILINE)
END = "\x1e"  # after each message; no message holds it


def trailer(entry: Entry) -> str:
    """The line that anchors an entry in the message of a tag."""
    return f"{TRAILER}: {entry.number} {entry.hash}"


def in_tags(root: Path) -> tuple[list[Anchor], list[Finding]]:
    """The anchors in the repository's annotated tags, and why they are not known, if so.

    Where there is no repository there are no anchors, and nothing is wrong.
    """
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return [], []
    form = f"--format=%(objecttype) %(refname:short)%0a%(contents){END}"
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "for-each-ref", "refs/tags", form],
            capture_output=True,
            text=True,
            check=False,
            errors="replace",
        )
    except FileNotFoundError:
        return [], [_unknown("git is not installed")]
    if done.returncode != 0:
        return [], [_unknown(done.stderr.strip().partition("\n")[0])]
    return _in_messages(done.stdout), []


def in_bucket(trail: Trail, kept: Iterable[Kept]) -> list[Anchor]:
    """Those of the anchors in the trail's bucket that this trail has to agree with.

    Each clone of the repository has a trail of its own, and they share the bucket. An anchor is of
    this one when it says so; or when it is of a run that was made here, for then another beginning
    means that the trail was written anew.
    """
    entries = list(trail.entries())
    clone = entries[0].hash[:CLONE] if entries else ""
    made_here = {entry.id for entry in entries if entry.kind != FETCHED}
    return [
        Anchor(each.address, each.number, each.hash)
        for each in kept
        if each.clone == clone or each.id in made_here
    ]


def _unknown(why: str) -> Finding:
    return Finding("tags", f"whether the trail is anchored is not known, git does not say: {why}")


def _in_messages(text: str) -> list[Anchor]:
    anchors = []
    for message in text.split(END):
        kind, _, rest = message.strip().partition(" ")
        name, _, body = rest.partition("\n")
        if kind == "tag":
            anchors += [Anchor(f"tag {name}", int(n), found) for n, found in LINE.findall(body)]
    return anchors
