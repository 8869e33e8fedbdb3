"""Holds a request to AWS against the controls: fills in what is missing, names what contradicts.

The same code stands in the guard of a process, in the audit of an account and in the function that
watches it. So it needs the standard library alone, and is told everything by a plan: plain JSON
that `catalogue.plan` makes from the controls and the settings.
"""

from regulated_ml.security.requests.findings import Result, Violation, resource_name
from regulated_ml.security.requests.plan import Plan, compile
from regulated_ml.security.requests.verbs import VERBS
from regulated_ml.security.requests.walking import MISSING, parse

__all__ = [
    "MISSING",
    "VERBS",
    "Plan",
    "Result",
    "Violation",
    "compile",
    "parse",
    "resource_name",
]
