"""What became of clients, as Model Monitor's ground truth: a label for each prediction, by its id.

Files are JSON Lines at ENDPOINT/yyyy/mm/dd/hh/NAME.jsonl, by the hour in which a label was
collected (Developer Guide, "Ingest Ground Truth labels and merge them with predictions"). A label
may come months after the prediction, and one that is collected anew replaces the one before.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from regulated_ml.monitoring.cells import category
from regulated_ml.monitoring.lines import key

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

FOLDER = Path("data/ground-truth")  # below the repository's root, of the endpoints of this machine
EXAMPLES = 3
UNKNOWN = -1


@dataclass
class Labels:
    """Labels by the key of their id, 1 for what the model predicts.

    `lines` is the sum of `labelled` and of what `foreign` counts; a line may hold several labels.
    """

    keys: "Array" = field(default_factory=lambda: np.zeros(0, np.uint64))  # in rising order
    values: "Array" = field(default_factory=lambda: np.zeros(0, np.int8))
    lines: int = 0
    labelled: int = 0
    replaced: int = 0  # labels that a later one stands in the place of
    foreign: dict[str, int] = field(default_factory=dict)  # why a line has no label -> lines
    examples: dict[str, str] = field(default_factory=dict)

    def strange(self, reason: str, place: str) -> None:
        """Counts a line that has no label."""
        self.foreign[reason] = self.foreign.get(reason, 0) + 1
        self.examples.setdefault(reason, place)

    def of(self, keys: "Array") -> "Array":
        """The label of each key, `UNKNOWN` where there is none."""
        if not len(self.keys):
            return np.full(len(keys), UNKNOWN, np.int8)
        places = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        return np.where(self.keys[places] == keys, self.values[places], np.int8(UNKNOWN))


def read(folder: Path, codes: Mapping[str, int]) -> Labels:
    """The labels of an endpoint.

    Args:
        folder: of the endpoint.
        codes: the label's codes as text, and 1 for the one that the model predicts, else 0.
    """
    labels = Labels()
    keys: list[int] = []
    values: list[int] = []
    for place, name, texts in _lines(folder, labels):
        found = [codes.get(category(text) or "", UNKNOWN) for text in texts]
        if UNKNOWN in found or not found:
            labels.strange(f"a label that is none of {', '.join(codes)}", place)
            continue
        labels.labelled += 1
        keys += [key(name, row) for row in range(len(found))]
        values += found
    # The last label of an id counts: of the reversed, `unique` takes the first.
    every = np.array(keys, np.uint64)[::-1]
    labels.keys, first = np.unique(every, return_index=True)
    labels.values = np.array(values, np.int8)[::-1][first]
    labels.replaced = len(every) - len(first)
    return labels


def names(folder: Path, is_wanted: Callable[[int], bool]) -> list[str]:
    """The first few ids whose key is wanted."""
    found: list[str] = []
    for _, name, _ in _lines(folder, Labels()):
        if is_wanted(key(name)) and name not in found:
            found.append(name)
            if len(found) == EXAMPLES:
                break
    return found


def newest(folder: Path) -> float:
    """When a file of labels was changed last, in seconds since 1970; 0 where there is none."""
    return max((path.stat().st_mtime for path in _files(folder)), default=0.0)


def _files(folder: Path) -> list[Path]:
    return sorted([*folder.rglob("*.jsonl"), *folder.rglob("*.jsonl.gz")])


def _lines(folder: Path, labels: Labels) -> Iterator[tuple[str, str, list[str]]]:
    """Place, id and labels of each line; what is no such line is counted in `labels`."""
    for path in _files(folder):
        for number, line in enumerate(_read(path), start=1):
            labels.lines += 1
            place = f"{path.relative_to(folder).as_posix()}, line {number}"
            try:
                event = json.loads(line)
                about, truth = event["eventMetadata"], event["groundTruthData"]
                name = about.get("eventId") or about["inferenceId"]
                found = place, str(name), str(truth["data"]).split()
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                labels.strange("no line of ground truth", place)
                continue
            yield found


def _read(path: Path) -> Iterator[bytes]:
    """The lines of a file; where an archive ends early, one that says so."""
    if path.suffix != ".gz":
        with path.open("rb") as lines:
            yield from lines
        return
    try:
        with gzip.open(path, "rb") as unpacked:
            yield from unpacked
    except (EOFError, gzip.BadGzipFile) as error:
        yield f"the archive ends early: {error}".encode()
