"""Acts of persons on the latest model, kept by the code that keeps those of the verbs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regulated_ml.settings import load
from regulated_ml.tracking.records import Record
from regulated_ml.tracking.store import RunStore
from regulated_ml.workflow.acting import Act, perform

REASON = "<script>alert(1)</script> | $x$ | two\nlines"


def act(repository: Path, name: str, parents: list[Record], **said: Any) -> Record:
    """One act, on version 1 unless it is said otherwise."""
    settings = load(repository, said.pop("environment", "local"))
    store = RunStore(repository / "runs", settings.environment)
    return perform(settings, store, Act(name, parents, {"version": 1, **said}))


def story(repository: Path) -> Mapping[str, Record]:
    """A version with every act on it that there is, from its registration to its monitoring."""
    store = RunStore(repository / "runs", "local")
    steps = ("prepare", "train", "evaluate", "explain")
    runs = [run for step in steps if (run := store.latest(step))]
    done = {"register": act(repository, "register", runs, model_sha256="0" * 64)}
    done["reject"] = act(repository, "reject", [done["register"]], reason=REASON)
    done["approve"] = act(repository, "approve", [done["register"]], reason="the gates hold")
    agreed = [done["register"], done["approve"]]
    done["promote"] = act(repository, "promote", agreed)
    done["release"] = act(repository, "release", agreed)
    pushed = {"release": done["release"].id, "address": "codecommit::eu-central-1://credit-default"}
    done["push"] = act(repository, "push", [done["register"], done["release"]], **pushed)
    done["deploy"] = act(repository, "deploy", agreed, endpoint="credit-default-local")
    done["monitor"] = act(repository, "monitor", [done["deploy"]], endpoint="credit-default-local")
    return done
