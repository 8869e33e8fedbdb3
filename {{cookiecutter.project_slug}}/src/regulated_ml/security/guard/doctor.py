"""Looks at every place where the guard must be on, and says what was found and what to do."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from regulated_ml.errors import UserError
from regulated_ml.security.guard import PLUGIN, VARIABLE, install
from regulated_ml.security.guard.log import deliver, path
from regulated_ml.security.wording import counted
from regulated_ml.settings import LOCAL, Settings

PTH = "regulated_ml_guard.pth"
# What stands in it. A line of a .pth file is run without a scope of its own, hence one expression.
LINE = (
    f'import os; os.environ["{VARIABLE}"] = ",".join({{**dict.fromkeys(os.environ.get('
    f'"{VARIABLE}", "").replace("DISABLED", "").split(",")), "{PLUGIN}": None}}).strip(",")\n'
)
SET_UP = "run: make setup"
# What a process of the environment does that knows nothing of the guard.
BARE = """
from regulated_ml.security.guard.proof import is_refused
print("refused" if is_refused("{region}") else "sent")
"""


class Finding(NamedTuple):
    """What was looked at, whether it is as it must be, and what to do where it is not."""

    check: str
    ok: bool
    found: str
    fix: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Every check, each with its finding; none stops the others."""
    return [check(settings) for check in CHECKS]


def _controls(settings: Settings) -> Finding:
    from regulated_ml.security import catalogue

    check = "the controls can be read"
    try:
        controls = catalogue.load(settings)
        wrong = catalogue.check_paths(controls)
    except UserError as error:
        wrong = list(error.problems)
    if wrong:
        return Finding(check, False, f"{wrong[0].field}: {wrong[0].rule}", wrong[0].fix)
    pairs = list(controls.pairs(settings.environment))
    operations = {pair.operation for pair in pairs}
    held = counted(len({pair.control.id for pair in pairs}), "control")
    words = f"{held}, {counted(len(operations), 'operation')}, {counted(len(pairs), 'pair')}"
    return Finding(check, True, f"{words} of both and a field")


def _file(settings: Settings) -> Finding:
    check = "every Python of the environment loads the guard"
    place = Path(sysconfig.get_path("purelib")) / PTH
    if not place.is_file():
        return Finding(check, False, f"{place} is missing", SET_UP)
    if place.read_text(encoding="utf-8") != LINE:
        return Finding(check, False, f"{place} was changed", f"remove .venv, then {SET_UP}")
    return Finding(check, True, str(place))


def _this_process(settings: Settings) -> Finding:
    from regulated_ml.security.guard.proof import is_refused

    install()
    if is_refused(_region(settings)):
        return Finding("rml refuses a forbidden request", True, "refused before it was sent")
    found = "it was sent, to nobody"
    return Finding(
        "rml refuses a forbidden request", False, found, f"{SET_UP}; is {VARIABLE} kept?"
    )


def _bare_process(settings: Settings) -> Finding:
    check = "a bare python refuses it too"
    # The variable is taken out: what is proved is that the environment brings the guard along.
    variables = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run(
        [sys.executable, "-c", BARE.format(region=_region(settings))],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.stdout.strip() == "refused":
        return Finding(check, True, "refused before it was sent")
    said = done.stderr.strip().splitlines()
    found = "it was sent, to nobody" if done.stdout else (said[-1] if said else "it ended")
    return Finding(check, False, found, SET_UP)


def _variable(settings: Settings) -> Finding:
    value = os.environ.get(VARIABLE, "")
    ok = PLUGIN in value.split(",")
    return Finding("child processes inherit it", ok, value or "unset", "" if ok else SET_UP)


def _log(settings: Settings) -> Finding:
    check = "what is refused is logged"
    log = path(settings.root, settings.environment)
    count = len(log.read_text(encoding="utf-8").splitlines()) if log.is_file() else 0
    found = f"{counted(count, 'line')} in {log.relative_to(settings.root)}"
    if settings.environment == LOCAL:
        return Finding(check, True, found)
    said = deliver(settings.root, settings.environment)
    fix = "deploy the infrastructure, which makes the log group; sign in to the account"
    return Finding(
        check,
        not said,
        f"{found}; {said}" if said else f"{found}, all in CloudWatch",
        fix if said else "",
    )


def _region(settings: Settings) -> str:
    return settings.platform.aws_region if settings.platform else "us-east-1"


CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    _controls,
    _file,
    _this_process,
    _bare_process,
    _variable,
    _log,
)
