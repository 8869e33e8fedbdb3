"""Stands between what was typed and what is rendered: a local extension of cookiecutter's Jinja.

It holds for every way in, under cookiecutter and under cruft:

- what was typed is never run: only texts of cookiecutter.json and the template's files are;
- these run in a sandbox all the same;
- all answers keep the rules of the standard (`identifiers.py`) before the first folder is made;
- the private keys are those of the template, whatever a profile or a replay file says.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterable, MutableMapping
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, cast

from hooks.names import filters
from jinja2 import Environment, Template
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

TEMPLATE = Path(__file__).resolve().parents[1]
RULES = TEMPLATE / "{{cookiecutter.project_slug}}/src/regulated_ml/identifiers.py"
OLDEST_PYTHON = (3, 11)
# cookiecutter and cruft add this key to the answers when the last question is answered.
COMPLETE = "_template"
# Keys with which a replay file would change how cookiecutter renders.
FOREIGN = ("_jinja2_env_vars", "_new_lines")


class InputRules(Extension):
    """Guards the environment that loads it, and gives it the filters of cookiecutter.json."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        if sys.version_info < OLDEST_PYTHON:
            # cookiecutter shows the message of an ImportError, and of nothing else.
            raise ImportError("cookiecutter has to run under Python 3.11 or later")
        rules = load(RULES)
        questions = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
        for part in ("cookiecutter", "_cookiecutter"):
            write_as_texts(caller_context().get(part, {}), rules.fields())
        environment.filters.update(filters(rules))
        # JSON with every script as it is: to TOML and YAML, surrogate pairs are not one character.
        environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
        environment.__class__ = GuardedEnvironment
        cast(GuardedEnvironment, environment).guard(rules, questions)
        # cruft renders two versions of the template in one process, from one folder: the next
        # environment shall find the code of its own version.
        for name in (__name__, "hooks.names"):
            sys.modules.pop(name, None)


class GuardedEnvironment(ImmutableSandboxedEnvironment):
    """An environment in which only the template's own texts are templates."""

    def guard(self, rules: ModuleType, questions: dict[str, Any]) -> None:
        """Takes over an environment that is already made, so it stands in for `__init__`."""
        self.rules = rules
        self.questions = questions
        self.is_checked = False
        self.binop_table = self.default_binop_table.copy()
        self.unop_table = self.default_unop_table.copy()

    def from_string(self, source: Any, globals: Any = None, template_class: Any = None) -> Template:
        """A text that is compiled once it is known whether it was typed."""
        return cast(Template, LateTemplate(self, source))

    def render(self, source: str, context: dict[str, Any]) -> str:
        """The text rendered if it is the template's own; as it is if it was typed."""
        answers = context["cookiecutter"]
        if COMPLETE in answers:
            self.require_good(answers)
        elif source not in self.questions.values():
            return source
        return self.compiled(source, context)

    def compiled(self, source: str, context: dict[str, Any]) -> str:
        """What a text of the template's own becomes."""
        return super().from_string(source).render(context)

    def require_good(self, answers: MutableMapping[str, Any]) -> None:
        """Stops if an answer breaks a rule; sets the private keys to what the template says."""
        if self.is_checked:
            return
        says, fix = "a key of cookiecutter.json", "take it out of the replay file"
        foreign = [self.rules.Problem(key, "", says, fix) for key in FOREIGN if key in answers]
        if problems := [*foreign, *self.rules.check_answers(answers)]:
            self.refuse(problems, answers)
        for key, value in self.questions.items():
            if key.startswith("__") and isinstance(value, str):
                answers[key] = self.compiled(value, {"cookiecutter": answers})
            elif key.startswith("_") and key != "__prompts__":
                answers[key] = value
        self.is_checked = True

    def refuse(self, problems: list[Any], answers: MutableMapping[str, Any]) -> None:
        """Shows what is wrong, keeps what is right, ends cookiecutter without a traceback."""
        from hooks.refusal import refuse

        wrong = {problem.field for problem in problems}
        defaults = {
            key: self.compiled(value, {"cookiecutter": answers})
            for key, value in self.questions.items()
            if isinstance(value, str)
        }
        # A default that was made from a wrong answer is not to come back as a right one.
        good = {
            key: answers[key]
            for key in self.rules.fields()
            if key not in wrong and answers.get(key) != defaults[key]
        }
        refuse(problems, good, answers)


class LateTemplate:
    """Has the one method of a template that cookiecutter calls."""

    def __init__(self, environment: GuardedEnvironment, source: str) -> None:
        self.environment = environment
        self.source = source

    def render(self, **context: Any) -> str:
        """What `Template.render` returns."""
        return self.environment.render(self.source, context)


def load(path: Path) -> ModuleType:
    """A Python file with its data as a module, known by its contents, so never an old version.

    No bytecode is written beside it, because it would be rendered with it.
    """
    code, data = path.read_bytes(), path.with_suffix(".toml").read_bytes()
    name = f"{path.stem}_{zlib.crc32(data, zlib.crc32(code)):08x}"
    if name not in sys.modules:
        module = ModuleType(name)
        module.__file__ = str(path)
        exec(compile(code, path, "exec"), module.__dict__)
        sys.modules[name] = module
    return sys.modules[name]


def caller_context() -> dict[str, Any]:
    """The answers as cookiecutter starts with them.

    It hands them to no extension, so they are read where it makes the environment.
    """
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        context = frame.f_locals.get("context")
        if isinstance(context, dict) and "cookiecutter" in context:
            return context
        frame = frame.f_back
    raise ImportError("this version of cookiecutter makes its environments in an unknown way")


def write_as_texts(answers: dict[str, Any], fields: Iterable[str]) -> None:
    """Makes texts of a profile's lists, dates and empty values, in place.

    cookiecutter would take a list for a choice and go on with its first value, and fails on a date.
    Truth values stay, so that they are refused: a name that YAML has taken for one is lost.
    """
    for field in answers.keys() & set(fields):
        value = answers[field]
        if isinstance(value, list):
            answers[field] = ", ".join(map(str, value))
        elif value is None:
            answers[field] = ""
        elif not isinstance(value, (str, bool, int, float)):
            answers[field] = str(value)
