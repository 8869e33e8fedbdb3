"""Where hashes of the trail are kept besides the trail: tags of releases, and a bucket on AWS."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from regulated_ml.platforms.sagemaker.keeping import CLONE, Kept
from regulated_ml.tracking import git
from regulated_ml.tracking.trail import FETCHED, Anchor, Entry, Finding, Trail

if TYPE_CHECKING:
    from regulated_ml.tracking.store import RunStore

# A line of a tag's message; `git interpret-trailers` reads it too.
TRAILER = "Trail-Entry"
LINE = re.compile(rf"^{TRAILER}: (\d+) ([0-9a-f]{{64}})$", re.MULTILINE)
BEGINS = "Trail-Begins"  # names the clone whose trail it is, as the bucket does
BEGINNING = re.compile(rf"^{BEGINS}: ([0-9a-f]+)$", re.MULTILINE)
RUN = re.compile(r"^Run: (\S+)$", re.MULTILINE)  # that the release rests on, and its own
END = "\x1e"  # after each message; no message holds it
MESSAGES = (
    "for-each-ref",
    "refs/tags",
    f"--format=%(objecttype) %(refname:short)%0a%(contents){END}",
)


def trailer(entry: Entry) -> str:
    """The line that anchors an entry in the message of a tag."""
    return f"{TRAILER}: {entry.number} {entry.hash}"


def in_tags(root: Path, trail: Trail) -> tuple[list[Anchor], list[Finding]]:
    """The anchors in annotated tags that a trail has to agree with; why they are not known, if so.

    Where there is no repository there are no anchors, and nothing is wrong. A tag that was fetched
    may be of another clone, and then anchors that clone's trail.
    """
    if not _is_repository(root):
        return [], []
    try:
        done = git.run(root, *MESSAGES)
    except FileNotFoundError:
        return [], [_unknown("git is not installed")]
    if done.returncode != 0:
        return [], [_unknown(done.stderr.strip().partition("\n")[0])]
    clone, made_here = _own(trail)
    found = _in_messages(done.stdout, clone, made_here)
    return found, ([] if found or clone else _not_here(done.stdout))


def of_others(root: Path, known: Iterable[Anchor]) -> list[str]:
    """The tags that anchor another trail than the one which `known` are of."""
    if not _is_repository(root):
        return []
    done = git.run(root, *MESSAGES)
    own = {anchor.where for anchor in known}
    named = {anchor.where for anchor in _in_messages(done.stdout, None, set())}
    return sorted(named - own)


def findings(root: Path, store: "RunStore") -> list[Finding]:
    """In what the trail, the records and the tags of releases disagree."""
    known, unknown = in_tags(root, store.trail)
    return [*unknown, *store.verify(known)]


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


def _is_repository(root: Path) -> bool:
    return any((folder / ".git").exists() for folder in (root, *root.parents))


def _not_here(text: str) -> list[Finding]:
    """That releases name entries, and there is no trail at all."""
    named = _in_messages(text, None, set())
    return [
        Finding(
            anchor.where,
            f"it names entry {anchor.number} of a trail, and no trail is here: runs/ was removed, "
            "or this clone has never had it. Restore runs/ from its backup, or bring the records "
            "of AWS: rml --env ENVIRONMENT runs fetch",
        )
        for anchor in named
    ]


def _unknown(why: str) -> Finding:
    return Finding("tags", f"whether the trail is anchored is not known, git does not say: {why}")


def _in_messages(text: str, clone: str | None, made_here: set[str]) -> list[Anchor]:
    """The anchors of a clone's trail in the messages of tags; `clone` None: those of every one."""
    anchors = []
    for message in text.split(END):
        kind, _, rest = message.strip().partition(" ")
        name, _, body = rest.partition("\n")
        begun, runs = {*BEGINNING.findall(body)}, RUN.findall(body)
        is_of_others = clone is not None and begun - {clone} and made_here.isdisjoint(runs)
        if kind == "tag" and not is_of_others:
            anchors += [Anchor(f"tag {name}", int(n), found) for n, found in LINE.findall(body)]
    return anchors
