"""Captured predictions: the lines that an endpoint writes, as SageMaker's data capture has them.

Files are JSON Lines at ENDPOINT/VARIANT/YYYY/MM/DD/HH/NAME.jsonl. They are not chained: whoever may
write to them can change them unseen, so what they say is as good as the access to their folder.
"""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from regulated_ml.errors import UserError

FOLDER = Path("data/capture")  # below the repository's root, of the endpoints of this machine
SUFFIX = ".jsonl"


class Side(NamedTuple):
    """What was sent, or what was answered."""

    data: str
    encoding: str  # CSV, JSON or BASE64

    @property
    def sha256(self) -> str:
        """The hash of the text, as it was captured."""
        return hashlib.sha256(self.data.encode()).hexdigest()


class Capture(NamedTuple):
    """A prediction that an endpoint has made."""

    id: str
    endpoint: str
    variant: str
    time: datetime
    file: str
    line: int
    sent: Side | None  # None: it was not captured
    answered: Side | None


def on_this_machine(root: Path, capture_id: str) -> Capture | None:
    """The prediction of this id in the repository's own files, an endpoint's newest first."""
    folder = root / FOLDER
    for path in sorted(folder.rglob(f"*{SUFFIX}"), reverse=True):
        place = path.relative_to(folder).as_posix()
        with path.open("rb") as lines:
            if found := search(lines, capture_id, place, path.relative_to(root).as_posix()):
                return found
    return None


def search(lines: Iterable[bytes], capture_id: str, place: str, file: str) -> Capture | None:
    """The prediction of this id among the lines of a file.

    Args:
        lines: of the file.
        capture_id: the inference id that the caller gave, or the event id.
        place: the file's path below the folder of captures; it begins with the endpoint's name.
        file: where it lies, for the reader.

    Raises:
        UserError: a line holds the id and is none that an endpoint writes.
    """
    written = json.dumps(capture_id)[1:-1].encode(), capture_id.encode()
    endpoint, _, rest = place.partition("/")
    for number, line in enumerate(lines, start=1):
        if not any(form in line for form in written):
            continue
        try:
            event = json.loads(line)
            about = event["eventMetadata"]
            if capture_id not in (about["eventId"], about.get("inferenceId")):
                continue
            data = event["captureData"]
            return Capture(
                id=capture_id,
                endpoint=endpoint,
                variant=rest.partition("/")[0],
                time=_time(about["inferenceTime"]),
                file=file,
                line=number,
                sent=_side(data.get("endpointInput")),
                answered=_side(data.get("endpointOutput")),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            rule = f"line {number} holds {capture_id} and is no captured prediction: {error}"
            fix = "restore the file, or find out who changed it"
            raise UserError.one("capture", file, rule, fix) from error
    return None


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"the time {text} has no zone")
    return moment


def _side(part: dict[str, Any] | None) -> Side | None:
    return Side(part["data"] + "", str(part.get("encoding", ""))) if part else None
