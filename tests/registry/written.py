"""What persons have to write before a version can be approved, as a test writes it."""

import datetime
from pathlib import Path

import yaml
from commands import git

SENTENCE = "Written by a test, for a test."
LISTS = {
    "assumptions": [SENTENCE],
    "alternatives": [{"what": "a scorecard", "result": "AUC 0.72"}],
    "limits": [SENTENCE],
    "risks": [{"what": "drift", "severity": "low", "treatment": "monitoring", "owner": "a tester"}],
    "overlays": [],
    "findings": [],
    "answers": [],
}


def fill(repository: Path) -> None:
    """Fills every open field of documents.yaml, and commits it."""
    path = repository / "config/documents.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, value in content.items():
        if isinstance(value, dict):
            content[name] = {key: given or SENTENCE for key, given in value.items()}
        elif name != "applies":
            content[name] = value or LISTS.get(name, SENTENCE)
    content["materiality"]["tier"] = "high"
    content["monitoring"]["next_validation"] = datetime.date(2099, 11, 30)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    git(repository, "commit", "--all", "--quiet", "--message", "What persons know of the model")
