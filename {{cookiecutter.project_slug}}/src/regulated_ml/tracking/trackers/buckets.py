"""The buckets as trackers: each record beside its outputs, and each entry of the trail under lock.

What they have not been sent is computed like that of any tracker, so a bucket that is not reached
delays nothing and loses nothing.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from regulated_ml.errors import UserError
from regulated_ml.platforms.interface import report_nothing
from regulated_ml.platforms.sagemaker import keeping, naming
from regulated_ml.platforms.sagemaker.naming import Address
from regulated_ml.platforms.sagemaker.storage import Storage
from regulated_ml.security import clients
from regulated_ml.settings import Settings
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RECORD, RunStore

OUTPUT = "output"  # of an act, as of a processing job: the folder of its files


@dataclass(frozen=True)
class _Bucket(ABC):
    """What both have in common."""

    settings: Settings
    store: RunStore

    @property
    @abstractmethod
    def place(self) -> Address:
        """Where it writes."""

    @property
    def address(self) -> str:
        """The same as text."""
        return str(self.place)

    @property
    def marks(self) -> Path:
        """By its address: another bucket has been sent nothing yet."""
        name = self.address.removeprefix("s3://").strip("/").replace("/", "-")
        return self.store.folder / ".published" / name

    @property
    def environment(self) -> str:
        """The environment of its records."""
        return self.settings.environment

    def is_kept(self) -> bool:
        """Nothing is known of AWS without asking."""
        return True

    def reach(self) -> None:
        """In the right account, before anything is sent to it."""
        clients.identity(self.settings)

    @cached_property
    def client(self) -> Any:
        """A client of S3, made when it is needed."""
        return clients.client(self.settings, "s3")


class RecordsBesideModels(_Bucket):
    """The model bucket: what an approver on another machine fetches."""

    name = "the model bucket"

    @property
    def place(self) -> Address:
        """Where the outputs of runs lie."""
        return naming.runs(self.settings)

    def show(self, record: Record) -> None:
        """Lays the record beside the outputs; of an act, its files before it.

        The record comes last: where it lies, all that it names lies there.
        """
        files = () if record.remote else record.artifacts
        self.store.check_whole(record, files)
        storage = Storage(self.settings, self.client)
        place, folder = naming.outputs(self.settings, record.id), self.store.folder_of(record)
        for item in files:
            storage.keep(place, f"{OUTPUT}/{item.path}", folder / item.path, report_nothing)
        storage.keep(place, RECORD, folder / RECORD, report_nothing)


class AnchoredTrail(_Bucket):
    """The trail's bucket: the hash of each entry, where it cannot be taken back."""

    name = "the trail's bucket"

    @property
    def place(self) -> Address:
        """Where the hashes lie."""
        return naming.trail(self.settings)

    def show(self, record: Record) -> None:
        """Writes the entry of a record."""
        entries = {entry.id: entry for entry in self.store.trail.entries()}
        if record.id not in entries:
            rule = "no entry of the trail names it"
            fix = "rml runs verify says what was changed"
            raise UserError.one("trail", record.id, rule, fix)
        first = next(iter(entries.values()))
        keeping.put_anchor(self.settings, self.client, first, entries[record.id])
