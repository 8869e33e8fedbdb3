"""Ground truth: labels by the ids of predictions."""

import gzip
from pathlib import Path

import numpy as np

from regulated_ml.monitoring import ground_truth
from regulated_ml.monitoring.lines import key

from .traffic import truth

CODES = {"0": 0, "1": 1}


def written(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_labels_are_found_by_id_and_the_last_one_counts(tmp_path: Path) -> None:
    written(tmp_path, "2026/11/24/12/a.jsonl", truth("x", 1), truth("y", "0"), truth("z", "1.0"))
    written(tmp_path, "2026/11/25/01/b.jsonl", truth("y", 1), truth("two-rows", "0\n1"))
    labels = ground_truth.read(tmp_path, CODES)
    keys = [key("x"), key("y"), key("z"), key("two-rows"), key("two-rows", 1), key("nobody")]
    assert labels.of(np.array(keys, np.uint64)).tolist() == [1, 1, 1, 0, 1, -1]
    assert (labels.lines, labels.labelled, labels.replaced) == (5, 5, 1)


def test_lines_without_a_label_are_counted_and_named(tmp_path: Path) -> None:
    written(tmp_path, "2026/11/24/12/a.jsonl", truth("x", 1), "{", truth("y", "late"), "[]")
    packed = tmp_path / "2026/11/24/13/b.jsonl.gz"
    packed.parent.mkdir(parents=True)
    packed.write_bytes(gzip.compress(truth("z", 0).encode())[:-4])
    labels = ground_truth.read(tmp_path, CODES)
    assert labels.foreign == {"no line of ground truth": 3, "a label that is none of 0, 1": 1}
    assert labels.examples["a label that is none of 0, 1"] == "2026/11/24/12/a.jsonl, line 3"
    assert labels.lines == labels.labelled + sum(labels.foreign.values())


def test_no_labels_are_none_of_anybody(tmp_path: Path) -> None:
    labels = ground_truth.read(tmp_path / "missing", CODES)
    assert labels.of(np.array([1, 2], np.uint64)).tolist() == [-1, -1]
    assert ground_truth.newest(tmp_path / "missing") == 0.0
