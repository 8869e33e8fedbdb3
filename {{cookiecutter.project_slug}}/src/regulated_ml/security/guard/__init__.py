"""The guard: holds what this process asks of AWS against the controls before it is sent.

It sits in every client that botocore makes (`plugin`), which a `.pth` file sees to in every Python
process of the environment. `require` proves that it is on; `rml` does nothing on AWS without it.
"""

import os

from regulated_ml.errors import ExitStatus, UserError
from regulated_ml.security.guard.handling import GuardRefusal, attach, guarded
from regulated_ml.settings import Settings

__all__ = ["PLUGIN", "VARIABLE", "GuardRefusal", "attach", "guarded", "install", "require"]

# botocore imports what this variable names whenever it makes a client; the .pth file writes it too.
VARIABLE = "BOTOCORE_EXPERIMENTAL__PLUGINS"
PLUGIN = "regulated_ml=regulated_ml.security.guard.plugin"


def install() -> None:
    """From now on, every client that this process or a child of it makes is a guarded one."""
    others = [
        name
        for name in os.environ.get(VARIABLE, "").split(",")
        if "=" in name and name != PLUGIN  # DISABLED, which botocore also knows, is not kept
    ]
    os.environ[VARIABLE] = ",".join([*others, PLUGIN])


def require(settings: Settings) -> None:
    """Proves that a new client refuses what it must; `UserError` when it does not."""
    from regulated_ml.security.guard.proof import is_refused

    if not is_refused(settings.platform.aws_region if settings.platform else "us-east-1"):
        raise UserError.one(
            "guard",
            VARIABLE,
            "clients of AWS are not guarded in this process, so nothing is sent",
            "run: make setup, then rml security doctor, which says what is missing",
            ExitStatus.CONFIGURATION,
        )
