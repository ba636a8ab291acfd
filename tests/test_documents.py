"""The documents: what they name exists, what they tell people to type works, and both READMEs say the same."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bots.cli import make_parser
from core.config import Config, parse_config, user_login
from core.conversations.commands import COMMANDS
from tests.support.tree import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
TYPED = [*DOCUMENTS, ROOT / "Procfile", ROOT / ".ci/run"]
CONFIG = "models: [{id: gpt-5-mini, provider: scripted}]\n"
"""Of the folder in which commands are run. The store stands where the file that comes with the project has it."""
PLACEHOLDERS = {"FROM": "sqlite:///data/parlour.db", "TO": "sqlite:///data/other.db", "NAME": "gpt-5-mini"} | {
    "ID": f"terminal:{user_login({})}",  # whoever had the first conversation
}
ALL = "import shlex, sys; from bots.cli import main; sys.exit(next(filter(None, map(main, map(shlex.split, sys.argv[1:]))), 0))"
"""Runs each of its arguments as a command line, until one fails."""

_COMMAND = re.compile(r"python\s-m\sbots((?: [\w:/.@=-]+)*)")
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_YAML = re.compile(r"^```yaml\n((\w+):.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#:]*)(?:#([^):]*))?\)|(?:src|href)=\"([^\":]+)\"")
_OURS = re.compile(
    r"`((?:core|bots|tests|bench|deploy|docs|requirements)/[\w./-]*|(?:[\w-]+\.)+(?:ya?ml|json|toml|md)|Dockerfile|Procfile)`"
)


def named(file: Path) -> str:
    return file.name


def commands(file: Path) -> list[list[str]]:
    """The arguments of everything that *file* says to type behind ``python -m bots``."""
    words = (shlex.split(found) for found in _COMMAND.findall(file.read_text()))
    return [[PLACEHOLDERS.get(word, word) for word in line] for line in words if line]


def anchors(file: Path) -> set[str]:
    """Under what names a page's headings are linked to."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_path_exists(document: Path) -> None:
    assert not [path for path in _OURS.findall(document.read_text()) if not (ROOT / path).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_link_leads_somewhere(document: Path) -> None:
    for path, anchor, picture in _LINK.findall(document.read_text()):
        target = document.parent / (path or picture) if path or picture else document
        assert target.exists()
        assert not anchor or anchor in anchors(target)


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_example_of_the_configuration_is_taken_as_it_stands(document: Path) -> None:
    for example, section in _YAML.findall(document.read_text()):
        secrets = dict.fromkeys(re.findall(r"\$\{(\w+)\}", example), "for this example alone")
        assert section not in Config.model_fields or parse_config(example, secrets)


@pytest.mark.parametrize("document", TYPED, ids=named)
def test_every_target_of_make_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = re.findall(r"(?:^|[`|;&(] *|\$ )make\s([a-z][\w-]*)", document.read_text(), re.MULTILINE)
    assert set(asked) <= targets


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_every_program_of_the_bench_exists(document: Path) -> None:
    programs = set(re.findall(r"\bbench\.(\w+)", document.read_text())) - {"md"}
    assert not [name for name in programs if not (ROOT / "bench" / f"{name}.py").exists()]


def test_whoever_opens_the_bench_finds_every_program_with_its_command() -> None:
    listed = re.findall(
        r"^    python -m bench\.(\w+)(.*)\n {8}\S", (ROOT / "bench/__init__.py").read_text(), re.MULTILINE
    )
    programs = sorted((ROOT / "bench").glob("[a-z]*.py"))
    own = [re.findall(r"^    python -m bench\.(\w+)(.*)$", program.read_text(), re.MULTILINE) for program in programs]
    assert [name for [(name, _)] in own] == [program.stem for program in programs]
    assert sorted(listed) == [command for [command] in own]


def test_every_document_is_linked_from_the_readme() -> None:
    linked = {path for path, _, _ in _LINK.findall((ROOT / "README.md").read_text())}
    assert not [file.name for file in DOCUMENTS if str(file.relative_to(ROOT)) not in linked | {"README.md"}]


def test_a_token_in_the_file_that_the_readme_says_switches_its_platform_on(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    steps = re.findall(r"`(echo \w+_TOKEN=… >>\.env)`", (ROOT / "README.md").read_text())
    script = [step.replace("…", "100:a-token") for step in steps]
    check = shlex.join([sys.executable, "-m", "bots", "check", "--offline"])
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["sh", "-euc", "\n".join([*script, check])],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    states = {subject: state for state, subject, *_ in map(str.split, done.stdout.splitlines())}
    assert (states["discord"], states["telegram"]) == ("ok", "ok")


@pytest.mark.parametrize("document", TYPED, ids=named)
def test_every_command_is_one(document: Path) -> None:
    for arguments in commands(document):
        make_parser().parse_args(arguments)


def test_every_command_that_ends_does_what_it_says(tmp_path: Path) -> None:
    """In the order of the documents, README first, after a first conversation. Processes that serve, and a Redis at a fixed
    address, are other tests' part."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    typed = [
        line for file in (ROOT / "README.md", *DOCUMENTS) for line in commands(file) if line[0] not in {"run", "chat"}
    ]
    once = dict.fromkeys(shlex.join(line) for line in typed if not any("redis" in word for word in line))
    assert len(once) > 6
    talk = [sys.executable, "-m", "bots", "chat", "--conversation", "work"]
    for command in (talk, [sys.executable, "-c", ALL, *once]):
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            input="Hello\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_the_first_commands_of_the_readme_run(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"store: sqlite:///{tmp_path}/kept.db\n{CONFIG}")
    (script,) = [block for block in _BLOCK.findall((ROOT / "README.md").read_text()) if "printf" in block]
    make = f"make -o setup PYTHON_IN_VENV={shlex.quote(sys.executable)}"
    done = subprocess.run(
        ["sh", "-euc", script.replace("make", make)],
        env={"PATH": "/usr/bin:/bin", "PARLOUR_CONFIG": str(tmp_path / "config.yaml")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2


def test_both_readmes_say_the_same() -> None:
    english, chinese = ((ROOT / name).read_text() for name in ("README.md", "README.zh.md"))

    def skeleton(text: str) -> tuple[object, ...]:
        script = re.sub(r"\s*#.*", "", "".join(_BLOCK.findall(text)))
        rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
        links = {path for path, _, picture in _LINK.findall(text) if path and not path.startswith("README")}
        return script, [re.findall(r"`.*?`", row) for row in rows], links

    assert skeleton(english) == skeleton(chinese)
    assert set(re.findall(r"`/([a-z]+)", english)) >= {command.name for command in COMMANDS}
    assert "(README.zh.md)" in english
    assert "(README.md)" in chinese
