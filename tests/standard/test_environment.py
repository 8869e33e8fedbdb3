"""Making an environment: by uv or pip, from pip's settings, with hashes, by a Python that works.

The packages are one tiny wheel in a folder that is an index, so that no registry is asked.
"""

import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from commands import TEMPLATE

from regulated_ml.standard.environment import base_python, find_uv, pip_settings, uv_variables

SCRIPT = TEMPLATE / "{{cookiecutter.project_slug}}/src/regulated_ml/standard/environment.sh"
TOOLS = ("sh", "dirname", "env")


def test_pips_settings_in_its_order_of_precedence() -> None:
    listing = """\
:env:.cert='/of/the/variable.pem'
:env:.disable-pip-version-check='1'
global.cert='/of/the/file.pem'
global.index-url='https://global/simple'
install.index-url='https://install/simple'
list.format='columns'
"""
    assert pip_settings(listing) == {
        "cert": "/of/the/variable.pem",
        "disable-pip-version-check": "1",
        "index-url": "https://install/simple",
    }


def test_pips_settings_as_variables_for_uv() -> None:
    settings = {
        "index-url": "https://name:password@mirror/simple",
        "extra-index-url": "\nhttps://one/simple\nhttps://two/simple",
        "find-links": "/wheels https://three/",
        "cert": "/company.pem",
        "trusted-host": "mirror",
        "no-input": "1",
    }
    assert uv_variables(settings, present={"UV_INSECURE_HOST": "mine"}) == {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://name:password@mirror/simple",
        "UV_INDEX": "https://one/simple https://two/simple",
        "UV_FIND_LINKS": "/wheels,https://three/",
        "SSL_CERT_FILE": "/company.pem",
    }


class Machine:
    """A machine with one Python, no packages and an index of its own that pip's settings name."""

    def __init__(self, folder: Path, *, uv: str | None) -> None:
        self.programs = folder / "bin"
        self.root = folder / "repository"
        self.index = folder / "index"
        self.programs.mkdir()
        self.root.mkdir()
        python = Path(base_python())
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        for name in TOOLS:
            self.add(name, shutil.which(name) or "")
        self.add(version, str(python))
        if uv:
            self.add("uv", uv)
        digest = self._publish()
        self.lock("tiny==1.0", digest)
        self.settings = folder / "pip.conf"
        self.settings.write_text(f"[global]\nindex-url = {self.index.as_uri()}\n", encoding="utf-8")

    def add(self, name: str, target: str) -> None:
        (self.programs / name).symlink_to(target)

    def _publish(self) -> str:
        """Puts tiny 1.0 into the index; gives the hash of its wheel."""
        page = self.index / "tiny"
        page.mkdir(parents=True)
        wheel = page / "tiny-1.0-py3-none-any.whl"
        info = "tiny-1.0.dist-info"
        files = {
            "tiny.py": "answer = 42\n",
            f"{info}/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": "",
        }
        with zipfile.ZipFile(wheel, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        link = f'<a href="{wheel.name}">{wheel.name}</a>'
        (page / "index.html").write_text(link, encoding="utf-8")
        return hashlib.sha256(wheel.read_bytes()).hexdigest()

    def lock(self, pin: str, digest: str) -> None:
        text = f"{pin} \\\n    --hash=sha256:{digest}\n"
        (self.root / "requirements.lock").write_text(text, encoding="utf-8")

    def run(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        """`environment.sh` with only this machine's programs and settings."""
        return subprocess.run(
            ["sh", str(SCRIPT), *arguments],
            cwd=self.root,
            env={
                "PATH": str(self.programs),
                "HOME": str(self.root.parent),
                "PYENV_ROOT": str(self.root.parent),
                "PIP_CONFIG_FILE": str(self.settings),
                "PIP_EXTRA_INDEX_URL": "",
                "PIP_FIND_LINKS": "",
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def setup(self) -> "subprocess.CompletedProcess[str]":
        return self.run("setup", "--no-project")

    @property
    def answer(self) -> str:
        """What the installed package says."""
        python = self.root / ".venv/bin/python"
        command = [python, "-c", "import tiny; print(tiny.answer)"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


UV = find_uv(TEMPLATE)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with uv."""
    return Machine(tmp_path, uv=UV)


@pytest.fixture(params=["uv", "pip"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    """A machine with uv, and one without."""
    return Machine(tmp_path, uv=UV if request.param == "uv" else None)


def test_the_environment_comes_from_the_index_of_pips_settings(either: Machine) -> None:
    result = either.setup()
    assert result.returncode == 0, result.stderr
    assert either.answer == "42"


def test_nothing_is_done_when_nothing_changed(machine: Machine) -> None:
    machine.setup()
    made = (machine.root / ".venv/pyvenv.cfg").stat().st_ctime_ns
    shutil.rmtree(machine.index)
    assert machine.setup().returncode == 0
    assert (machine.root / ".venv/pyvenv.cfg").stat().st_ctime_ns == made


def test_an_environment_that_was_not_finished_is_made_anew(machine: Machine) -> None:
    machine.setup()
    (machine.root / ".venv/made-from").unlink()
    next((machine.root / ".venv/lib").glob("*/site-packages/tiny.py")).unlink()
    machine.setup()
    assert machine.answer == "42"


def test_a_repository_that_moved_is_set_up_anew(machine: Machine, tmp_path: Path) -> None:
    machine.setup()
    machine.root = machine.root.rename(tmp_path / "elsewhere")
    assert "setup: .venv from" in machine.setup().stdout
    assert str(machine.root) in (machine.root / ".venv/bin/activate").read_text(encoding="utf-8")


def test_another_hash_than_the_locked_one_is_refused(machine: Machine) -> None:
    machine.lock("tiny==1.0", "0" * 64)
    assert machine.setup().returncode == 1


def test_a_pin_without_a_hash_is_refused(either: Machine) -> None:
    (either.root / "requirements.lock").write_text("tiny==1.0\n", encoding="utf-8")
    result = either.setup()
    assert result.returncode == 1
    assert "must have the hashes in the lock file" in result.stderr.splitlines()[-1]
    assert not (either.root / ".venv/made-from").exists()


def test_the_password_of_a_mirror_is_never_shown(either: Machine) -> None:
    mirror = "[global]\nindex-url = http://robot:s3cret@127.0.0.1:9/simple\nretries = 0\n"
    either.settings.write_text(mirror, encoding="utf-8")
    result = either.run("setup", "--no-project", UV_HTTP_RETRIES="0")
    assert result.returncode == 1
    assert "s3cret" not in result.stdout + result.stderr


def test_a_lock_file_that_is_missing_is_said_in_one_sentence(machine: Machine) -> None:
    (machine.root / "requirements.lock").unlink()
    result = machine.setup()
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "requirements.lock is missing" in result.stderr


def test_a_shim_with_nothing_behind_it_is_passed_over(machine: Machine) -> None:
    (works,) = machine.programs.glob("python*")
    works.rename(machine.programs / "python3")
    for name in ("python3.12", "python3.13", "python3.11"):
        shim = machine.programs / name
        shim.write_text("#!/bin/sh\necho 'no such version' >&2\nexit 127\n", encoding="utf-8")
        shim.chmod(0o755)
    assert machine.setup().returncode == 0
    assert machine.answer == "42"


def test_no_fitting_python_is_said_in_one_sentence(machine: Machine) -> None:
    for python in machine.programs.glob("python*"):
        python.unlink()
    result = machine.setup()
    assert result.returncode == 1
    assert result.stderr.startswith("setup: this needs Python 3.12, 3.13 or 3.11")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("version", "fits"),
    [((3, 10, 14), False), ((3, 11, 3), False), ((3, 11, 4), True), ((3, 14, 0), False)],
)
def test_a_python_is_taken_by_its_version(
    machine: Machine, version: tuple[int, int, int], fits: bool
) -> None:
    # It says of itself that it is `version` to whoever asks with -c, and else is this Python.
    (works,) = machine.programs.glob("python*")
    real = works.readlink()
    works.unlink()
    says = f"import sys; sys.version_info = {version}; exec(sys.argv[1])"
    script = f'#!/bin/sh\n[ "$1" = -c ] && exec {real} -c "{says}" "$2"\nexec {real} "$@"\n'
    (machine.programs / "python3").write_text(script, encoding="utf-8")
    (machine.programs / "python3").chmod(0o755)
    result = machine.setup()
    assert result.returncode == int(not fits), result.stderr
    assert ("this needs Python" in result.stderr) is not fits


def test_lock_keeps_pins_and_writes_neither_addresses_nor_paths(machine: Machine) -> None:
    (machine.root / "pyproject.toml").write_text(
        "[project]\nname = 'x'\nversion = '1'\nrequires-python = '>=3.11.4'\n"
        "dependencies = ['tiny']\n[dependency-groups]\ndev = []\n",
        encoding="utf-8",
    )
    (machine.root / "requirements.lock").unlink()
    result = machine.run("lock")
    assert result.returncode == 0, result.stderr
    lock = (machine.root / "requirements.lock").read_text(encoding="utf-8")
    assert "tiny==1.0" in lock
    assert str(machine.root.parent) not in lock
    assert "file:" not in lock


def test_a_lock_that_cannot_be_made_leaves_the_old_one(machine: Machine) -> None:
    before = (machine.root / "requirements.lock").read_bytes()
    (machine.root / "pyproject.toml").write_text(
        "[project]\nname = 'x'\nversion = '1'\ndependencies = ['missing-package']\n"
        "[dependency-groups]\ndev = []\n",
        encoding="utf-8",
    )
    result = machine.run("lock")
    assert result.returncode == 1
    assert "requirements.lock stays as it was" in result.stderr
    assert (machine.root / "requirements.lock").read_bytes() == before
    assert [p.name for p in machine.root.iterdir() if p.name.startswith(".lock")] == []


def test_the_callers_own_uv_settings_win(machine: Machine) -> None:
    machine.settings.write_text("[global]\nindex-url = http://127.0.0.1:9/\n", encoding="utf-8")
    result = machine.run("setup", "--no-project", UV_DEFAULT_INDEX=machine.index.as_uri())
    assert result.returncode == 0, result.stderr
    assert machine.answer == "42"
