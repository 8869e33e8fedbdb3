"""Where the newest hash of the trail is kept besides the trail: the annotated tags of releases."""

import re
import subprocess
from pathlib import Path

from regulated_ml.tracking.trail import Anchor, Entry

# A line of a tag's message; `git interpret-trailers` reads it too.
TRAILER = "Trail-Entry"
LINE = re.compile(rf"^{TRAILER}: (\d+) ([0-9a-f]{{64}})$", re.MULTILINE)
END = "\x1e"  # after each message; no message holds it


def trailer(entry: Entry) -> str:
    """The line that anchors an entry in the message of a tag."""
    return f"{TRAILER}: {entry.number} {entry.hash}"


def in_tags(root: Path) -> list[Anchor]:
    """The anchors in the repository's annotated tags; none where there is no repository."""
    form = f"--format=%(objecttype) %(refname:short)%0a%(contents){END}"
    done = subprocess.run(
        ["git", "-C", str(root), "for-each-ref", "refs/tags", form],
        capture_output=True,
        text=True,
        check=False,
        errors="replace",
    )
    anchors = []
    for message in done.stdout.split(END) if done.returncode == 0 else ():
        kind, _, rest = message.strip().partition(" ")
        name, _, text = rest.partition("\n")
        if kind == "tag":
            anchors += [Anchor(f"tag {name}", int(n), found) for n, found in LINE.findall(text)]
    return anchors
