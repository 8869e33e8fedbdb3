"""The command `rml`: one verb per step of the workflow, one group of verbs per noun."""

from regulated_ml.cli.app import main

__all__ = ["main"]
