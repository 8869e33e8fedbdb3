"""Holds names, identifiers and ARNs against the rules in `identifiers.toml`; reports all mistakes.

Its callers are the template's generation hook, which loads this file by its path in an environment
that has only cookiecutter's dependencies, the settings loader, and the checks of a live account. So
it is one file that needs the standard library alone, with the rules as data beside it.
"""

from __future__ import annotations

import keyword
import re
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

_Finding: TypeAlias = tuple[str, str]  # the rule that was broken, in words, and the fix

JINJA_DELIMITERS = ("{{", "{%", "{#")
# No value may be longer, so what is longer is not held against patterns.
_LONGEST_LOOKED_AT = 2048
# Categories of Unicode that cannot be seen or that reorder what is seen: controls, formats (the
# bidirectional marks among them), surrogates, private use, separators of lines and paragraphs.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


class Problem(NamedTuple):
    """One mistake: where it is, what stands there, what should, and how to get there."""

    field: str
    value: str
    rule: str
    fix: str


class Mistake(NamedTuple):
    """What a frequent mistake looks like, and its own fix."""

    pattern: str
    fix: str
    says: str = ""  # instead of the rule's own words


class Rule(NamedTuple):
    """What a value must look like, in words and as a pattern, and how to find a right one."""

    says: str
    pattern: str
    longest: int
    fix: str
    mistakes: tuple[Mistake, ...]
    refused: tuple[Mistake, ...]
    reserved: frozenset[str]
    flags: re.RegexFlag

    def match(self, pattern: str, value: str) -> re.Match[str] | None:
        """The match of the whole value with a pattern of this rule."""
        return re.fullmatch(pattern % _parts(), value, self.flags)


class Field(NamedTuple):
    """An answer: the kind of its values, and how many of them it takes."""

    kind: str
    fewest: int = 1
    most: int = 1


# --- the tables ---


@cache
def _tables() -> dict[str, Any]:
    # Read at first use, so that commands that check nothing start without it.
    import tomllib

    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@cache
def rules() -> dict[str, Rule]:
    """The rule of every kind of value."""
    return {kind: _rule(**row) for kind, row in _tables()["rules"].items()}


def _rule(
    says: str,
    pattern: str,
    longest: int,
    fix: str,
    mistakes: Sequence[dict[str, str]] = (),
    refused: Sequence[dict[str, str]] = (),
    letters: str = "ascii",
    reserved: bool = False,
) -> Rule:
    return Rule(
        says=says,
        pattern=pattern,
        longest=longest,
        fix=fix,
        mistakes=tuple(Mistake(**row) for row in mistakes),
        refused=tuple(Mistake(**row) for row in refused),
        reserved=reserved_names() if reserved else frozenset(),
        flags=re.UNICODE if letters == "any" else re.ASCII,
    )


@cache
def fields() -> dict[str, Field]:
    """The answers, in the order in which they are asked."""
    return {name: Field(**row) for name, row in _tables()["fields"].items()}


@cache
def partitions() -> dict[str, str]:
    """The partition of every region that has SageMaker."""
    return {
        region: partition
        for partition, regions in _tables()["regions"].items()
        for region in regions
    }


@cache
def reserved_names() -> frozenset[str]:
    """Names, in lower case, under which a package would hide another module or be hidden by it."""
    listed = (words.split() for words in _tables()["reserved"].values())
    names = chain(keyword.kwlist, sys.stdlib_module_names, *listed)
    return frozenset(name.lower() for name in names)


@cache
def _parts() -> dict[str, str]:
    """What the patterns name as %(name)s."""
    missing = set(_tables()["services"]["without_codecommit"])
    return {
        **_tables()["parts"],
        "partition": "|".join(_tables()["regions"]),
        "region": "|".join(sorted(partitions().keys() - missing)),
        "region_without_codecommit": "|".join(sorted(missing)),
    }


def filled(pattern: str) -> str:
    """A pattern with the parts that it names as %(name)s; KeyError for one that is none."""
    return pattern % _parts()


# --- one value ---


def visible(text: str, limit: int = 80) -> str:
    """The text on one line of at most `limit` characters, with what cannot be seen as <U+XXXX>."""
    shown = [
        f"<U+{ord(character):04X}>" if _is_hidden(character) else character
        for character in text[: limit + 1]
    ]
    if len(text) <= limit and len("".join(shown)) <= limit:
        return "".join(shown)
    while len("".join(shown)) > limit - 1:
        shown.pop()
    return "".join(shown) + "…"


def _is_hidden(character: str) -> bool:
    """Whether a reader would not see the character, or take it for an ordinary blank."""
    blank = character != " " and unicodedata.category(character) == "Zs"
    return blank or _is_invisible(character)


def _is_invisible(character: str) -> bool:
    code = ord(character)
    is_noncharacter = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return is_noncharacter or unicodedata.category(character) in _INVISIBLE


def check(kind: str, value: object, field: str) -> list[Problem]:
    """The first mistake in one value of a kind of `rules()`; none where the value is right."""
    rule = rules()[kind]
    if not isinstance(value, str):
        fix = "write it as one text; in YAML, put it in quotes"
        return [Problem(field, visible(str(value)), rule.says, fix)]
    for look in _LOOKS:
        if found := look(rule, value):
            says, fix = found
            return [Problem(field, visible(value), says, fix)]
    return []


def _size(rule: Rule, value: str) -> _Finding | None:
    if not value:
        return rule.says, f"it was left empty; {rule.fix}"
    return _length(rule, value) if len(value) > _LONGEST_LOOKED_AT else None


def _length(rule: Rule, value: str) -> _Finding:
    return rule.says, f"it has {len(value)} characters: shorten it to {rule.longest} at most"


def _invisible(rule: Rule, value: str) -> _Finding | None:
    found = dict.fromkeys(character for character in value if _is_invisible(character))
    if not found:
        return None
    return (
        "characters that can be seen, on one line",
        f"take out {visible(', '.join(found))}",
    )


def _jinja(rule: Rule, value: str) -> _Finding | None:
    found = [delimiter for delimiter in JINJA_DELIMITERS if delimiter in value]
    if not found:
        return None
    return (
        f"no {' '.join(JINJA_DELIMITERS)}, with which code of templates begins",
        f"take out {' and '.join(found)}; what is typed is never run",
    )


def _blanks(rule: Rule, value: str) -> _Finding | None:
    if value == value.strip():
        return None
    return "no blank at the beginning or the end", "take the blank away"


def _foreign_letters(rule: Rule, value: str) -> _Finding | None:
    foreign = "" if rule.flags & re.UNICODE else "".join(c for c in value if not c.isascii())
    if not foreign:
        return None
    codes = ", ".join(f"“{c}” (U+{ord(c):04X})" for c in dict.fromkeys(foreign[:3]))
    return rule.says, f"type it again: it holds {codes}, not the letter or sign of the keyboard"


def _reserved(rule: Rule, value: str) -> _Finding | None:
    if value.lower().replace("-", "_") not in rule.reserved:
        return None
    return (
        "no word of Python's, no module of its standard library, no package that is installed",
        "add a word to it: model, for example",
    )


def _pattern(rule: Rule, value: str) -> _Finding | None:
    is_short = len(value) <= rule.longest
    matches = is_short and rule.match(rule.pattern, value)
    for mistake in rule.refused if matches else rule.mistakes:
        if found := rule.match(mistake.pattern, value):
            parts = (part or "" for part in found.groups())
            return mistake.says or rule.says, mistake.fix.format(value, *parts, lower=value.lower())
    if matches:
        return None
    return (rule.says, rule.fix) if is_short else _length(rule, value)


# In the order in which they explain most: 10,000 control characters are too many first of all.
_LOOKS: tuple[Callable[[Rule, str], _Finding | None], ...] = (
    _size,
    _invisible,
    _jinja,
    _blanks,
    _foreign_letters,
    _reserved,
    _pattern,
)


# --- all answers ---


def listed(value: object) -> list[Any]:
    """The values of an answer that takes several: a sequence, or one text with commas."""
    if isinstance(value, str):
        return [part.strip(" ") for part in value.split(",")] if value else []
    return list(value) if isinstance(value, Sequence) else [value]


def check_answers(answers: Mapping[str, Any], only: Collection[str] | None = None) -> list[Problem]:
    """Every mistake in the answers, and between them, in the order of `fields()`.

    An answer that is missing counts as empty. `only` limits the check to some of the answers.
    """
    chosen = {name: field for name, field in fields().items() if only is None or name in only}
    problems = [
        problem
        for name, field in chosen.items()
        for problem in _check_field(name, field, answers.get(name))
    ]
    # A relation is looked at where every answer in it is right in itself.
    right = chosen.keys() - {problem.field for problem in problems}
    for needed, relation in _RELATIONS:
        if right.issuperset(needed):
            problems += relation(*(answers[name] for name in needed))
    order = list(fields())
    return sorted(problems, key=lambda problem: order.index(problem.field))


def _check_field(name: str, field: Field, value: object) -> list[Problem]:
    value = "" if value is None else value
    if field.most == 1:
        return check(field.kind, value, name)
    values = listed(value)
    return [
        *_check_count(name, field, value, len(values)),
        *_check_twice(name, values[: field.most]),
        *(problem for each in values[: field.most] for problem in check(field.kind, each, name)),
    ]


def _check_count(name: str, field: Field, value: object, count: int) -> Iterator[Problem]:
    if not field.fewest <= count <= field.most:
        rule = f"{field.fewest} to {field.most}, with commas between them"
        fix = f"there are {count}" if count else f"it was left empty; {rules()[field.kind].fix}"
        yield Problem(name, visible(str(value)), rule, fix)


def _check_twice(name: str, values: Sequence[object]) -> Iterator[Problem]:
    for each in dict.fromkeys(map(str, values)):
        if each and values.count(each) > 1:
            yield Problem(name, visible(each), "each one once", "take the second one out")


def _arn_relation(field: str, arn: str, account: str, region: str) -> Iterator[Problem]:
    return elsewhere(fields()[field].kind, arn, field, account, region)


def elsewhere(kind: str, arn: str, field: str, account: str, region: str) -> Iterator[Problem]:
    """Where account, region or partition of an ARN of some kind are not those of the answers."""
    rule = rules()[kind]
    found = rule.match(rule.pattern, arn)
    expected = {"partition": partitions()[region], "region": region, "account": account}
    answer = {"partition": "aws_region", "region": "aws_region", "account": "aws_account_id"}
    for part, value in found.groupdict().items() if found else ():
        if value != expected[part]:
            yield Problem(
                field,
                visible(arn),
                f"in the {part} of the answer {answer[part]}, {expected[part]}",
                f"it lies in {value}: take one in {expected[part]}, or change {answer[part]}",
            )


def _buckets_differ(data: str, model: str) -> Iterator[Problem]:
    if data == model:
        rule = "another bucket than data_bucket, because other roles read it"
        yield Problem("model_bucket", visible(model), rule, "name a bucket of its own")


def _namespace(field: str, bucket: str, account: str, region: str) -> Iterator[Problem]:
    ending = f"-{account}-{region}-an"
    if bucket.endswith("-an") and not re.fullmatch(rf"[a-z0-9].*{re.escape(ending)}", bucket):
        rule = f"a name that ends with -an ends with {ending}"
        yield Problem(field, visible(bucket), rule, "take -an away, or write that ending whole")


@cache
def longest_slug() -> int:
    """How long a slug may be, so that every name made from it fits its limit on AWS."""
    parts = _tables()["longest_parts"]
    rows = _tables()["derived"].values()
    return min(int(row["longest"]) - len(row["form"].format(slug="", **parts)) for row in rows)


def _derived_names(slug: str) -> Iterator[Problem]:
    """Every name on AWS that is made from the slug fits its limit."""
    for what, row in _tables()["derived"].items():
        name = row["form"].format(slug=slug, **_tables()["longest_parts"])
        if len(name) > row["longest"]:
            rule = (
                f"short enough for the {what} named after it, {name},"
                f" which may have {row['longest']} characters"
            )
            fix = f"it has {len(slug)} characters: shorten it to {longest_slug()} at most"
            yield Problem("project_slug", slug, rule, fix)
            return


_ACCOUNT = ("aws_account_id", "aws_region")
_RELATIONS: tuple[tuple[tuple[str, ...], Callable[..., Iterator[Problem]]], ...] = (
    (("project_slug",), _derived_names),
    (("kms_key_arn", *_ACCOUNT), partial(_arn_relation, "kms_key_arn")),
    (("execution_role_arn", *_ACCOUNT), partial(_arn_relation, "execution_role_arn")),
    (("data_bucket", "model_bucket"), _buckets_differ),
    (("data_bucket", *_ACCOUNT), partial(_namespace, "data_bucket")),
    (("model_bucket", *_ACCOUNT), partial(_namespace, "model_bucket")),
)
