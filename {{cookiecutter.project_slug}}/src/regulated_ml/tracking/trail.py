"""The audit trail: every record once, in the order of time, chained by hash.

Each line of `runs/trail.jsonl` holds the hash of a record and the hash of the line before, so that
nothing can be taken out, changed or slipped in without every later line telling. Who rewrites the
whole file makes a new chain: so its newest hash is kept elsewhere too, as an anchor, in the tags of
releases and, on AWS, in a bucket under Object Lock.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from regulated_ml.errors import UserError
from regulated_ml.files import replacing, sha256, sync
from regulated_ml.tracking.locking import exclusive

TRAIL = "trail.jsonl"
BEFORE_THE_FIRST = "0" * 64
MADE, FETCHED, ADOPTED = "run", "fetched", "adopted"  # the kinds of entries
TAIL = 4096  # bytes that hold the last line, unless much is cut off behind it


class Entry(BaseModel):
    """A line of the trail."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    number: int  # from 1, without gaps
    time: str  # UTC, ISO 8601
    kind: str  # run: made here; fetched: made elsewhere; adopted: from before there was a trail
    id: str
    record: str  # SHA-256 of the record's file
    previous: str  # hash of the line before
    hash: str

    def expected_hash(self) -> str:
        """SHA-256 over the other members, as JSON with sorted keys and without blanks."""
        content = self.model_dump(exclude={"hash"})
        text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


class Anchor(NamedTuple):
    """A hash of the trail that is kept somewhere else."""

    where: str
    number: int
    hash: str


class Finding(NamedTuple):
    """What is not as the trail says."""

    place: str
    what: str


def about(findings: Iterable[Finding]) -> dict[str, str]:
    """What was found of each record, by its id; what is about the trail alone is left out."""
    found: dict[str, str] = {}
    for place, what in findings:
        found.setdefault(place.rpartition(", ")[2], what)
    return {name: what for name, what in found.items() if not name.startswith(TRAIL)}


class Trail:
    """The trail of the records below one folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / TRAIL
        self._folder = folder

    def held(self) -> AbstractContextManager[int]:
        """One process at a time adds to the trail."""
        return exclusive(self._folder / f".{TRAIL}.lock")

    def last(self) -> Entry | None:
        """The newest entry; a line that a kill cut off while it was written does not count."""
        line, _ = self._end()
        return None if line is None else self._entry(line)

    def _entry(self, line: bytes) -> Entry:
        try:
            return Entry.model_validate_json(line)
        except ValidationError as error:
            number = sum(1 for _ in self.lines()) - 1
            rule = "the audit trail's last line is no entry, and nothing can follow it"
            fix = (
                f"restore line {number} from a backup, or from the object of its number in the "
                "trail's bucket; where there is neither, take the line out, move the run that "
                "`rml runs verify` then calls inserted out of runs/, and start `rml run` anew"
            )
            place = f"{self.path} line {number}"
            raise UserError.one(place, line.decode(errors="replace")[:80], rule, fix) from error

    def first(self) -> Entry | None:
        """The oldest entry: it tells the trail of one clone from that of another."""
        return next(self.entries(), None)

    def entry(self, record_id: str) -> Entry:
        """The entry of a record.

        Raises:
            UserError: the trail has none.
        """
        for entry in self.entries():
            if entry.id == record_id:
                return entry
        rule, fix = "the audit trail has no entry of it", "rml runs verify says what was changed"
        raise UserError.one(str(self.path), record_id, rule, fix)

    def numbers(self) -> dict[str, int]:
        """The number of each record's entry; lines that are no entries are passed over."""
        return {entry.id: entry.number for entry in self.entries()}

    def entries(self) -> Iterator[Entry]:
        """Every line that is an entry, whether or not it belongs there."""
        for line in self.lines():
            with suppress(ValidationError):
                yield Entry.model_validate_json(line)

    def append(self, kind: str, record_id: str, record: Path) -> Entry:
        """Adds the record that lies in a file; call it with the trail held."""
        entry = _next(self.last(), kind, record_id, record)
        _, whole = self._end()
        is_new = not self.path.exists()
        with self.path.open("ab") as file:
            file.truncate(whole)
            file.write(_line(entry))
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync(self._folder)
        return entry

    def begin(self, kind: str, records: Mapping[str, Path]) -> None:
        """Makes the trail with these records in it, all at once; call it with the trail held."""
        last = None
        with replacing(self.path) as temporary, temporary.open("wb") as file:
            for record_id, record in records.items():
                last = _next(last, kind, record_id, record)
                file.write(_line(last))
        sync(self._folder)

    def _end(self) -> tuple[bytes | None, int]:
        """The last whole line, and the bytes up to its end, however many follow it."""
        if not self.path.is_file():
            return None, 0
        taken = TAIL
        with self.path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            while True:
                file.seek(max(size - taken, 0))
                tail = file.read()
                if taken >= size or tail.count(b"\n") > 1:
                    break
                taken *= 2
        whole, newline, rest = tail.rpartition(b"\n")
        line = whole.rpartition(b"\n")[2] if newline else None
        return line, size - len(rest)

    def lines(self) -> list[str]:
        """The lines as they stand in the file."""
        if not self.path.is_file():
            return []
        # What is no UTF-8 makes a line that is no entry, or one whose hash is another.
        return self.path.read_text(encoding="utf-8", errors="replace").split("\n")


def _next(last: Entry | None, kind: str, record_id: str, record: Path) -> Entry:
    """The entry of a record that lies in a file, to follow another one."""
    content: dict[str, Any] = {
        "number": last.number + 1 if last else 1,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "kind": kind,
        "id": record_id,
        "record": sha256(record),
        "previous": last.hash if last else BEFORE_THE_FIRST,
    }
    entry = Entry(**content, hash="")
    return entry.model_copy(update={"hash": entry.expected_hash()})


def _line(entry: Entry) -> bytes:
    return entry.model_dump_json().encode() + b"\n"


def verify(
    trail: Trail,
    records: Callable[[], Iterable[tuple[str, Path]]],
    anchors: Sequence[Anchor] = (),
) -> list[Finding]:
    """Everything in which the trail, the records and the anchors disagree.

    `records` gives the id of every record that is there, and its file.
    """
    entries, findings = _read(trail)
    findings += _chain(entries)
    findings += _records(trail, entries, dict(records()))
    findings += _anchors(entries, anchors)
    return findings


def _read(trail: Trail) -> tuple[list[Entry], list[Finding]]:
    entries, findings = [], []
    *whole, rest = trail.lines() or [""]
    for number, line in enumerate(whole, start=1):
        try:
            entries.append(Entry.model_validate_json(line))
        except ValidationError as error:
            what = f"the line is no entry: {error.errors()[0]['msg'].lower()}"
            findings.append(Finding(f"{TRAIL} line {number}", what))
    if rest:
        findings.append(Finding(f"{TRAIL} line {len(whole) + 1}", "the line is cut off"))
    return entries, findings


def _chain(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Each entry against itself and against the one before."""
    number, previous = 0, BEFORE_THE_FIRST
    for entry in entries:
        place = f"{TRAIL} entry {entry.number}, {entry.id}"
        if entry.hash != entry.expected_hash():
            yield Finding(place, "the entry was changed: its hash is not that of its content")
        if entry.number > number + 1:
            gone = range(number + 1, entry.number)
            which = " to ".join(map(str, dict.fromkeys((gone[0], gone[-1]))))
            yield Finding(f"{TRAIL} entry {which}", "the entry was removed")
        elif entry.number <= number:
            yield Finding(place, f"the entry was inserted or moved: it comes after entry {number}")
        elif entry.previous != previous:
            yield Finding(place, "it does not follow the entry before: one of the two was replaced")
        number, previous = entry.number, entry.hash


def _records(trail: Trail, entries: Sequence[Entry], there: dict[str, Path]) -> Iterator[Finding]:
    """Each record against its entry, both ways."""
    if there and not any(trail.lines()):
        what = f"the trail was removed: no entry vouches for the {len(there)} records that are here"
        yield Finding(TRAIL, f"{what}; restore {trail.path} from its backup")
        return
    seen: set[str] = set()
    for entry in entries:
        if entry.id in seen:
            yield Finding(f"{TRAIL} entry {entry.number}, {entry.id}", "the record is named twice")
        seen.add(entry.id)
        path = there.get(entry.id)
        if path is None:
            yield Finding(entry.id, f"the record was removed: entry {entry.number} names it")
        elif sha256(path) != entry.record:
            yield Finding(entry.id, f"the record was changed since entry {entry.number} was made")
    for record_id in sorted(there.keys() - seen):
        yield Finding(record_id, "the record was inserted: no entry of the trail names it")


def _anchors(entries: Sequence[Entry], anchors: Sequence[Anchor]) -> Iterator[Finding]:
    by_number = {entry.number: entry for entry in entries}
    for anchor in anchors:
        entry = by_number.get(anchor.number)
        if entry is None:
            what = f"the end of the trail was cut off: {anchor.where} names entry {anchor.number}"
            yield Finding(TRAIL, what)
        elif entry.hash != anchor.hash:
            what = f"the trail was written anew: {anchor.where} has another hash of this entry"
            yield Finding(f"{TRAIL} entry {anchor.number}, {entry.id}", what)
