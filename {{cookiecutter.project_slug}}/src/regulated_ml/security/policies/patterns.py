"""From a regular expression to the patterns of IAM, which know `*` and `?` alone.

Only what instance types need is read: letters, classes, groups of alternatives and quantifiers.
What cannot be said exactly becomes wider: `[a-z]*` is `*`. A test holds the patterns to every
instance type of AWS's model.
"""

import re

TOKEN = re.compile(r"\\(?P<escaped>.)|(?P<group>\()|(?P<class>\[[^\]]+\])|(?P<plain>.)")
UNKNOWN = frozenset("^$)|?*+{}")


class NotSayable(ValueError):
    """The expression has something that IAM's patterns cannot say."""


def like(expression: str) -> list[str]:
    """The patterns that match what the whole expression matches, sorted; NotSayable if none do."""
    found, rest = _alternatives(expression)
    if rest:
        raise NotSayable(expression)
    return sorted({re.sub(r"\*+", "*", pattern) for pattern in found})


def _alternatives(text: str) -> tuple[list[str], str]:
    """The patterns up to the end of the group, and what follows it."""
    found, sequence = [], [""]
    while text and not text.startswith(")"):
        if text.startswith("|"):
            found += sequence
            sequence, text = [""], text[1:]
            continue
        pieces, text = _piece(text)
        pieces, text = _repeated(pieces, text)
        sequence = [before + piece for before in sequence for piece in pieces]
    return found + sequence, text


def _piece(text: str) -> tuple[list[str], str]:
    match = TOKEN.match(text)
    if match is None or (match["plain"] and match["plain"] in UNKNOWN):
        raise NotSayable(text)
    rest = text[match.end() :]
    if match["group"]:
        found, rest = _alternatives(rest.removeprefix("?:"))
        if not rest.startswith(")"):
            raise NotSayable(text)
        return found, rest[1:]
    if match["class"]:
        inside = match["class"][1:-1]
        return (list(inside) if inside.isalnum() else ["?"]), rest
    if match["escaped"]:
        return ["?" if match["escaped"] in "dws" else match["escaped"]], rest
    return ["?" if match["plain"] == "." else str(match["plain"])], rest


def _repeated(pieces: list[str], text: str) -> tuple[list[str], str]:
    """The pieces as the quantifier behind them says."""
    if text.startswith("?"):
        return ["", *pieces], text[1:]
    if text.startswith(("*", "+")):
        return ["*"], text[1:]
    if text.startswith("{"):
        raise NotSayable(text)
    return pieces, text
