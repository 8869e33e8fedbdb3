"""config/ -> one frozen, validated object. No other room reads a file below config/.

The rules for names and identifiers of AWS are not written here: they are those of `identifiers.py`,
which the template's generation hook uses too.
"""

from regulated_ml.settings.loading import (
    LOCAL,
    check_environment,
    elsewhere_problems,
    environments,
    exceptions,
    find_root,
    load,
    own_controls,
)
from regulated_ml.settings.models import Column, Dataset, Settings, Split

__all__ = [
    "LOCAL",
    "Column",
    "Dataset",
    "Settings",
    "Split",
    "check_environment",
    "elsewhere_problems",
    "environments",
    "exceptions",
    "find_root",
    "load",
    "own_controls",
]
