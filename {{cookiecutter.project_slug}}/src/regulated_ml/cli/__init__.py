"""The command `rml`: one verb per step of the workflow, one group of verbs per noun."""
