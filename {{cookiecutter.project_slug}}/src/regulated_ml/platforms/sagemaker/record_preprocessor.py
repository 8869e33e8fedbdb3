"""Gives Model Monitor's analyser the features of a captured request by their names.

The analyser runs this file by itself: it knows nothing but Python's own library. A request in CSV
has no header, so the analyser would call its columns by their places and look for the answer among
the baseline's features. What is returned is one record, or a list of them. Source: SageMaker
Developer Guide, "Preprocessing and postprocessing".
"""

from typing import Any

FEATURES: list[str] = []  # rml writes the names into the copy that it uploads


def preprocess_handler(inference_record: Any) -> list[dict[str, Any]]:
    """The rows of a request; a cell that is empty is missing."""
    lines = inference_record.endpoint_input.data.splitlines()
    return [_row(line.split(",")) for line in lines if line.strip()]


def _row(cells: list[str]) -> dict[str, Any]:
    names = [*FEATURES, *(f"_c{place}" for place in range(len(FEATURES), len(cells)))]
    return {name: _value(cell.strip()) for name, cell in zip(names, cells)}  # noqa: B905 - missing


def _value(cell: str) -> Any:
    for kind in (int, float):
        try:
            return kind(cell)
        except ValueError:
            continue
    return cell or None
