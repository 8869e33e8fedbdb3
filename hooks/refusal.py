"""What is said when answers break rules: every problem, what was kept, and how to start again."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

NAME = "cookiecutter-regulated-ml"


def refuse(problems: list[Any], answers: Mapping[str, Any], rules: ModuleType) -> NoReturn:
    """Prints all problems and ends the process with status 1.

    `SystemExit` passes through cookiecutter, which prints a traceback for everything else.
    """
    wrong = {problem.field for problem in problems}
    good = {
        field: answers[field]
        for field in rules.fields()
        if field not in wrong and isinstance(answers.get(field), str)
    }
    print_problems(problems)
    for line in way_back(good, sorted(wrong), answers):
        print(line, file=sys.stderr)
    raise SystemExit(1)


def print_problems(problems: Iterable[Any]) -> None:
    """One section for each problem, which stays readable in 80 columns."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.HORIZONTALS, show_header=False, show_edge=True, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    count = 0
    for count, problem in enumerate(problems, start=1):
        table.add_row("field", Text(problem.field, style="bold red"))
        for label, text in zip(("value", "rule", "fix"), problem[1:], strict=True):
            table.add_row(label, Text(text), end_section=label == "fix")
    title = "1 answer breaks" if count == 1 else f"{count} answers break"
    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    console.print(f"\nNothing was rendered, because {title} a rule:")
    console.print(table)


def way_back(good: dict[str, str], wrong: list[str], answers: Mapping[str, Any]) -> Iterator[str]:
    """Where the good answers are, and the command that starts again from them."""
    is_cruft = "_commit" in answers
    if is_cruft and Path(".cruft.json").exists():
        yield "The answers stand in .cruft.json. Start again with the right ones:"
        changes = json.dumps(dict.fromkeys(wrong, "..."))
        yield f"\n  cruft update --variables-to-update {shlex.quote(changes)}\n"
        return
    output = Path(answers.get("_output_dir") or Path.cwd())
    try:
        kept = keep(good, output)
    except OSError as error:
        yield f"The good answers could not be kept: {error}"
        return
    yield f"The {len(good)} good answers are kept, readable for you alone. Start again from them:"
    tool = ["cruft", "create"] if is_cruft else ["cookiecutter"]
    command = [*tool, "--config-file", str(kept)]
    if output != Path.cwd():
        command += ["--output-dir", str(output)]
    if answers.get("_checkout"):
        command += ["--checkout", str(answers["_checkout"])]
    yield f"\n  {shlex.join([*command, str(answers.get('_template', NAME))])}\n"


def keep(good: Mapping[str, str], output: Path) -> Path:
    """Writes the answers as a profile of mode 600 outside the output folder, under a new name."""
    folders = [folder for folder in candidates() if not folder.resolve().is_relative_to(output)]
    for folder in folders or list(candidates()):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix="answers-", suffix=".yaml", dir=folder)
        except OSError as error:
            failure = error
            continue
        with open(handle, "w", encoding="utf-8") as file:
            file.writelines(profile(good))
        return Path(name)
    raise failure


def candidates() -> Iterator[Path]:
    """Folders that can hold the answers, best first."""
    state = os.environ.get("XDG_STATE_HOME", "")
    home = Path(state) if Path(state).is_absolute() else Path("~/.local/state").expanduser()
    if home.is_absolute():
        yield home / NAME
    yield Path(tempfile.gettempdir())


def profile(good: Mapping[str, str]) -> Iterator[str]:
    """The lines of a profile; JSON's texts are YAML's."""
    yield "default_context:\n"
    for field, value in good.items():
        yield f"  {field}: {json.dumps(value, ensure_ascii=False)}\n"
