"""Commands of the AWS CLI, written so that they can be pasted into a shell."""

import json
import shlex
from typing import Any


def aws(region: str, service: str, operation: str, **options: Any) -> str:
    """The command for an operation: `key_id="a"` becomes `--key-id a`.

    Lists become several words, mappings JSON, True a flag. IAM has no regions.
    """
    words = ["aws", service, operation]
    for name, value in options.items():
        words += [f"--{name.replace('_', '-')}", *_words(value)]
    if service != "iam":
        words += ["--region", region]
    return shlex.join(words)


def then(command: str, what: str) -> str:
    """The command, and what is left to do by hand, as a comment of the shell."""
    return f"{command}  # then {what}"


def _words(value: Any) -> list[str]:
    if value is True:
        return []
    if isinstance(value, dict) or _is_documents(value):
        return [json.dumps(value, separators=(",", ":"))]
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


def _is_documents(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)
