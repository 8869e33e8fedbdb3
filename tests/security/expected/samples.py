"""Prints requests as JSON: `python -m security.expected.samples REPOSITORY ANSWERS`.

For the benchmark: of every operation of SageMaker that makes or changes something one request with
what AWS requires, which the guard fills in, and one in which all is right already.
"""

import json
import sys
from pathlib import Path

import yaml

from . import cases, model, table, values


def main() -> None:
    """Reads the team's values from the repository and its answers."""
    repository, answers = map(Path, sys.argv[1:])
    given = yaml.safe_load(answers.read_text(encoding="utf-8"))["default_context"]
    team = values.team(repository, given)
    operations = [o.name for o in model.writing_operations() if o.input_shape]
    allowed = [name for name in operations if name not in table.refused()]
    asked = [name for name in allowed if name in table.by_operation()]
    requests = {
        "filled in": [(name, cases.minimal(name, team)) for name in allowed],
        "right already": [(name, cases.complete(name, team)) for name in asked],
    }
    json.dump(requests, sys.stdout)


if __name__ == "__main__":
    main()
