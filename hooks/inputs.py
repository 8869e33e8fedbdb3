"""Stands between what was typed and what is rendered: a local extension of cookiecutter's Jinja.

It holds for every way in, under cookiecutter and under cruft:

- what was typed is never run: templates are the texts of cookiecutter.json and the template's files;
- these run in a sandbox all the same;
- all answers keep the rules of the standard (`identifiers.py`) before the first folder is made;
- the private keys are those of the template, whatever a profile or a replay file says.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import MutableMapping
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from jinja2 import Environment, Template
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment
from slugify import slugify

TEMPLATE = Path(__file__).resolve().parents[1]
RULES = TEMPLATE / "{{cookiecutter.project_slug}}/src/regulated_ml/identifiers.py"
# cookiecutter and cruft add this key to the answers when the last question is answered.
COMPLETE = "_template"


class InputRules(Extension):
    """Guards the environment that loads it, and gives it the filters of cookiecutter.json."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        rules = load(RULES)
        questions = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
        environment.filters.update(
            slug=lambda name: rules.slug(transliterated(name)),
            package=rules.package,
            bucket=rules.bucket,
            listed=rules.listed,
        )
        # JSON of every script as it is: TOML knows no surrogate pairs, and YAML reads them as two signs.
        environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
        environment.__class__ = GuardedEnvironment
        cast(GuardedEnvironment, environment).guard(rules, questions)
        # cruft renders two versions of the template in one process, from one folder: the next
        # environment shall find the code of its own version.
        sys.modules.pop(__name__, None)


class GuardedEnvironment(ImmutableSandboxedEnvironment):
    """An environment in which only the template's own texts are templates."""

    def guard(self, rules: ModuleType, questions: dict[str, Any]) -> None:
        """Takes over an environment that is already made, so it stands in for `__init__`."""
        self.rules = rules
        self.questions = questions
        self.checked = False
        self.asked = -1
        self.binop_table = self.default_binop_table.copy()
        self.unop_table = self.default_unop_table.copy()

    def from_string(self, source: Any, globals: Any = None, template_class: Any = None) -> Template:
        """A text that is compiled when it is known whether it is the template's or was typed."""
        return cast(Template, LateTemplate(self, source))

    def render(self, source: str, context: dict[str, Any]) -> str:
        """The text rendered if it is the template's own; as it is if it was typed."""
        answers = context["cookiecutter"]
        if COMPLETE in answers:
            self.require_good(answers)
        else:
            self.require_one_text(answers)
            if source not in self.questions.values():
                return source
        return super().from_string(source).render(context)

    def require_good(self, answers: MutableMapping[str, Any]) -> None:
        """Stops if an answer breaks a rule; sets the private keys to what the template says."""
        if self.checked:
            return
        if problems := self.rules.check_answers(answers):
            self.refuse(problems, answers)
        self.checked = True
        for key, value in self.questions.items():
            if key.startswith("__") and isinstance(value, str):
                answers[key] = super().from_string(value).render(cookiecutter=answers)
            elif key.startswith("_") and key != "__prompts__":
                answers[key] = value

    def require_one_text(self, answers: MutableMapping[str, Any]) -> None:
        """Stops if a profile answers with a list, of which cookiecutter would take the first."""
        if self.asked == len(answers):
            field = next(key for key in self.questions if key not in answers)
            says, fix = "one text, not a list", "write its values in one text, with commas"
            self.refuse([self.rules.Problem(field, "", says, fix)], answers)
        self.asked = len(answers)

    def refuse(self, problems: list[Any], answers: MutableMapping[str, Any]) -> None:
        """Shows what is wrong, keeps what is right, ends cookiecutter without a traceback."""
        from hooks.refusal import refuse

        refuse(problems, answers, self.rules)


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
    code = path.read_bytes()
    name = f"{path.stem}_{zlib.crc32(path.with_suffix('.toml').read_bytes(), zlib.crc32(code)):08x}"
    if name not in sys.modules:
        module = ModuleType(name)
        module.__file__ = str(path)
        exec(compile(code, path, "exec"), module.__dict__)
        sys.modules[name] = module
    return sys.modules[name]


def transliterated(name: object) -> str:
    """The name in letters of ASCII. Entities like `&#228;` are left as text."""
    return slugify(str(name), entities=False, decimal=False, hexadecimal=False)
