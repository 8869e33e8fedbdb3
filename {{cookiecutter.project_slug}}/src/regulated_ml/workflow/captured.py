"""What an endpoint of this machine has captured, and how far windows have read of it."""

import re
from pathlib import Path

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.files import read_json
from regulated_ml.identifiers import Problem
from regulated_ml.monitoring import ground_truth, history, parts
from regulated_ml.monitoring.history import Entry
from regulated_ml.monitoring.parts import Mark
from regulated_ml.settings import Settings
from regulated_ml.tracking import captures, registry
from regulated_ml.tracking.registry import Version
from regulated_ml.tracking.store import RunStore

ACT = "monitor"


def entries(store: RunStore) -> list[Entry]:
    """Every judgement of every endpoint, the oldest first."""
    return [
        history.entry(each.id, each.parameters, each.ended, each.metrics)
        for each in store.all()
        if each.step == ACT and "window" in each.parameters
    ]


def waiting(settings: Settings, store: RunStore, endpoint: str) -> dict[str, int]:
    """How many bytes of captured requests no window has yet, by variant."""
    place = settings.root / captures.FOLDER / endpoint
    return {
        variant: sum(part.size - part.begin for part in parts.unread(place / variant, known))
        for variant in parts.variants(place)
        for known in [marks(store, endpoint, variant)]
    }


def marks(store: RunStore, endpoint: str, variant: str) -> dict[str, Mark]:
    """How far the captured requests of a variant have been read."""
    number = re.fullmatch(r"v(\d+)", variant)
    known = history.of(entries(store), endpoint, int(number[1]) if number else -1)
    last = history.last_window(known)
    if last is None:
        return {}
    return history.marks_of(read_json(store.folder_of(last.id) / history.MARKS))


def truth(settings: Settings, endpoint: str) -> Path:
    """Where labels of an endpoint's predictions are collected."""
    return settings.root / ground_truth.FOLDER / endpoint


def folder(settings: Settings, store: RunStore, endpoint: str) -> Path:
    """Where an endpoint's captured requests lie; `UserError` where there is no such endpoint."""
    home = settings.root / captures.FOLDER
    there = sorted(path.name for path in home.glob("*") if path.is_dir())
    if endpoint in there:
        return home / endpoint
    deployed = any(
        each.step == "deploy" and each.parameters.get("endpoint") == endpoint
        for each in store.all()
    )
    if deployed:
        rule = "it was deployed, and has captured no request yet"
        fix = "send it requests: `rml endpoint invoke`; or set endpoint.capture.enabled"
    else:
        rule = f"the endpoints that have captured requests: {', '.join(there) or 'none'}"
        fix = "`rml endpoint deploy VERSION` starts one"
    raise UserError.one("--endpoint", endpoint, rule, fix)


def versions(store: RunStore, folder: Path) -> list[Version]:
    """The versions that have answered; `UserError` names every variant that is none."""
    known = store.all()
    found, problems = [], []
    for variant in parts.variants(folder):
        try:
            found.append(registry.find(known, variant, "local"))
        except UserError as error:
            problems += [
                Problem(f"{captures.FOLDER}/{folder.name}", variant, each.rule, each.fix)
                for each in error.problems
            ]
    if problems:
        raise UserError(problems, ExitStatus.DATA)
    return found
