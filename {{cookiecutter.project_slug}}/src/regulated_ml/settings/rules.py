"""The rules between the values of config/, which no key can keep by itself."""

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from regulated_ml.identifiers import Problem, check, elsewhere
from regulated_ml.settings.controls import ControlException
from regulated_ml.settings.fairness import fairness_problems
from regulated_ml.settings.models import Column, Dataset, Model

DATASET, MODEL = "config/dataset.yaml", "config/model.yaml"
CONTROLS, EXCEPTIONS = "config/controls.yaml", "config/exceptions.yaml"
DOCUMENTS = "config/documents.yaml"
MLFLOW = "mlflow_arn"  # the key, and the kind of its values

LONGEST_EXCEPTION = datetime.timedelta(days=366)
FEWEST_LITERALS = 8  # characters of a pattern before its first `*` or `?`


def dataset_problems(dataset: Dataset) -> Iterator[Problem]:
    """The rules between the columns of a table."""
    names = [column.name for column in dataset.columns]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(f"{DATASET}: columns", name, "named twice", "give each column one entry")
    for role, least, most in (("label", 1, 1), ("identifier", 0, 1), ("feature", 1, len(names))):
        count = len(dataset.having(role))
        if not least <= count <= most:
            rule = f"{least} to {most} columns have the role {role}, not {count}"
            yield Problem(f"{DATASET}: columns", role, rule, "change the role of a column")
    for column in dataset.columns:
        for value, rule, fix in _column_mistakes(column):
            yield Problem(f"{DATASET}: columns.{column.name}", value, rule, fix)


def _column_mistakes(column: Column) -> Iterator[tuple[str, str, str]]:
    """Value, rule and fix for each mistake in one column."""
    low, high = column.minimum, column.maximum
    if low is not None and high is not None and low > high:
        yield f"{low} > {high}", "minimum is at most maximum", "exchange the two"
    if column.role == "label" and column.positive not in column.values:
        yield str(column.positive), "positive is one of the label's values", "name one of its codes"
    if column.role == "label" and len(column.values) != 2:
        yield str(list(column.values)), "a label has two values", "list both codes"
    if column.monotone and (column.role != "feature" or column.type == "category"):
        yield str(column.monotone), "only a numeric feature can be monotone", "remove monotone"
    if column.role == "feature" and column.type == "date":
        yield column.type, "a date is no feature by itself", "set the role to time or ignored"
    if column.type == "date" and (column.values or column.undocumented or low or high):
        yield column.type, "a date has no values and no range", "remove them, or change the type"
    if column.type == "category" and column.role == "feature" and not column.values:
        yield "", "a category lists its values, since their order is the model's code", "list them"
    if column.type in ("integer", "number"):
        for code in (*column.values, *column.undocumented):
            if isinstance(code, str):
                yield code, f"a code of type {column.type} is written without quotes", "unquote it"


def tracker_problems(values: Mapping[str, Any], problems: Sequence[Problem]) -> list[Problem]:
    """The rules of an environment's trackers; `problems` are those of its other values."""
    arn = values.get(MLFLOW)
    if arn in (None, ""):
        return []
    place = ("aws_account_id", "aws_region")
    wrong = check(MLFLOW, arn, MLFLOW)
    # Held against the account and the region where those are right in themselves.
    if wrong or {problem.field for problem in problems} & set(place):
        return wrong
    return list(elsewhere(MLFLOW, str(arn), MLFLOW, *(values[key] for key in place)))


def model_problems(dataset: Dataset, model: Model) -> Iterator[Problem]:
    """The rules between model.yaml and dataset.yaml."""
    split = model.split
    if split.validation + split.test >= 1:
        value = f"{split.validation} + {split.test}"
        rule = "validation and test together leave rows for training"
        yield Problem(f"{MODEL}: split", value, rule, "make one of them smaller")
    times = [column.name for column in dataset.having("time")]
    if split.time_column is not None and split.time_column not in times:
        rule = f"time_column names a column of role time: {', '.join(times) or 'there is none'}"
        fix = "name one of them, or remove time_column for a random split"
        yield Problem(f"{MODEL}: split.time_column", split.time_column, rule, fix)
    yield from fairness_problems(dataset, model.fairness)


def exception_problems(
    exceptions: Sequence[tuple[int, ControlException]], today: datetime.date, slug: str
) -> Iterator[Problem]:
    """The rules of each exception, given with its number in the file, from 1."""
    for number, exception in exceptions:
        for key, value, rule, fix in _exception_mistakes(exception, today, slug):
            yield Problem(f"{EXCEPTIONS}: exceptions.{number}.{key}", value, rule, fix)


def _exception_mistakes(
    exception: ControlException, today: datetime.date, slug: str
) -> Iterator[tuple[str, str, str, str]]:
    """Key, value, rule and fix for each mistake in one exception."""
    until = exception.until
    if until < today:
        rule = f"it has expired: the last day was {until}, and today is {today}"
        yield "until", str(until), rule, "remove it, or have it agreed anew with a later day"
    elif until - today > LONGEST_EXCEPTION:
        rule = f"at most {LONGEST_EXCEPTION.days} days from today"
        yield "until", str(until), rule, "name an earlier day; it can be agreed anew then"
    for name in exception.names:
        if rule := _broken_by(name, slug):
            yield "names", name, rule, "write the beginning of the resource's name before the *"
    if exception.requested_by.casefold() == exception.agreed_by.casefold():
        rule = "somebody else than requested_by"
        yield "agreed_by", exception.agreed_by, rule, "have a second person agree, and name them"


def _broken_by(name: str, slug: str) -> str:
    """The rule that the name of an exception breaks; empty where it breaks none."""
    if set("[]") & set(name):
        return "letters, digits and signs of a name, * and ?, and no brackets"
    beginning = re.split(r"[*?]", name)[0]
    if len(beginning) < FEWEST_LITERALS:
        return (
            f"a name, or a pattern that begins with {FEWEST_LITERALS} characters other than * or ?"
        )
    if beginning != name and f"{slug}-".startswith(beginning):
        return "a part of the project's resources: all of their names begin so"
    return ""
