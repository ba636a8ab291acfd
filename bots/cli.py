"""The command line: ``python -m bots …``.

Exit codes: 0 done, 1 it failed, 2 the command or the configuration is wrong, 129 its terminal was closed, 130
interrupted, 141 nobody reads its output any more. Problems are one line on standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bots import __version__, checking, crashing, listing, people, serving, wiring
from bots.output import complain, put
from core import config as settings
from core import config_keys
from core.config import Config
from core.config_fields import store_url
from core.config_schema import json_schema
from core.domain import PersonId
from core.errors import ConfigError, ParlourError
from core.wording import filled

FAILED, WRONG, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141
_LONGEST_NAME = 100

Action = Callable[[Config, argparse.Namespace], Awaitable[int]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command (None: of this process's command line) and returns its exit code."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that the terminal's encoding lacks is no error
    try:
        code = _command(make_parser().parse_args(arguments))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stdout = None  # the flush at exit must not fail either
        return PIPE_CLOSED
    except ConfigError as problem:
        return _fail(str(problem), WRONG)
    except ParlourError as problem:
        return _fail(str(problem), FAILED)
    except OSError as problem:
        sys.stdout = None
        named = [str(part) for part in (problem.filename, problem.strerror) if part]
        return _fail(": ".join(named) or type(problem).__name__, FAILED)
    return code


def _command(options: argparse.Namespace) -> int:
    if options.action is None:
        return _schema(table=options.table)
    crashing.guard()
    config = settings.load(options.config)
    wiring.log_to_stderr(config, quiet=options.quiet and _is_watched())
    crashing.report_to_log()
    return asyncio.run(_act(options.action, config, options))


async def _act(action: Action, config: Config, options: argparse.Namespace) -> int:
    return await action(config, options)


def _is_watched() -> bool:
    """Whether somebody sees standard error."""
    return sys.stderr is not None and sys.stderr.isatty()


def _fail(problem: str, code: int) -> int:
    complain(problem)
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line, instead of the usage before it."""
        self.exit(WRONG, f"{self.prog}: {' '.join(message.split())} (see {self.prog} --help)\n")


def make_parser() -> argparse.ArgumentParser:
    common = _Parser(add_help=False, allow_abbrev=False)
    common.add_argument("--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help="another config.yaml")
    parser = _Parser(prog="parlour", description="One chatbot, wherever people already talk.", allow_abbrev=False)
    parser.add_argument("--config", type=Path, metavar="FILE", default=None, help="another config.yaml")
    parser.add_argument("--version", action="version", version=f"parlour {__version__}")
    parser.set_defaults(quiet=False)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, action: object, text: str, within: argparse._SubParsersAction[_Parser] = commands) -> _Parser:
        command = within.add_parser(name, help=text, description=text, parents=[common], allow_abbrev=False)
        command.set_defaults(action=action)
        return command

    _add_conversations(add)
    _add_looking(add)
    _add_upkeep(add)
    return parser


def _add_conversations(add: Callable[..., _Parser]) -> None:
    run = add("run", _run, "serve the web page, and the platforms that are set up")
    run.add_argument("platforms", nargs="*", metavar="PLATFORM", help="only these: discord, telegram, web")
    run.set_defaults(quiet=True)
    chat = add("chat", _chat, "talk in the terminal, or answer line by line in a pipe")
    chat.add_argument("--conversation", metavar="NAME", default="default", help="which conversation to return to")
    chat.set_defaults(quiet=True)


def _add_looking(add: Callable[..., _Parser]) -> None:
    check = add("check", _check, "say in one line each whether configuration, providers, store and platforms are well")
    check.add_argument("--offline", action="store_true", help="do not ask the providers")
    check.set_defaults(quiet=True)
    models = add("models", _models, "list the models that are configured and those that the providers offer")
    models.add_argument("name", nargs="?", metavar="NAME", help="everything known about this model")
    models.add_argument("--offline", action="store_true", help="do not ask the providers")
    schema = add("schema", None, "print the JSON Schema of config.yaml")
    schema.add_argument("--table", action="store_true", help="all keys as a page of Markdown instead")


def _add_upkeep(add: Callable[..., _Parser]) -> None:
    inbox = add("inbox", _inbox_list, "show the turns that were set aside; answer them again or drop them")
    verbs = inbox.add_subparsers(title="commands", metavar="COMMAND")
    add("list", _inbox_list, "show the turns that were set aside", verbs)
    for name, action, text in (
        ("retry", _inbox_retry, "put a turn back into its queue"),
        ("drop", _inbox_drop, "forget a turn"),
    ):
        add(name, action, text, verbs).add_argument("turn", metavar="ID")
    _add_people(add)
    store = add("store", None, "look after the store")
    verbs = _verbs(store)
    for name, action, text in (
        ("backup", _back_up, "copy everything into a new file, while it is used"),
        ("restore", _restore, "copy everything from such a file into the store, beside what is there"),
    ):
        add(name, action, text, verbs).add_argument("file", type=Path, metavar="FILE")
    copy = add("copy", _copy, "copy everything from one store to another; can be repeated", verbs)
    for name in ("source", "target"):
        copy.add_argument(name, type=_store, metavar={"source": "FROM", "target": "TO"}[name])


def _add_people(add: Callable[..., _Parser]) -> None:
    verbs = _verbs(add("people", None, "give people what is kept of them, or delete it"))
    export = add("export", _people_export, "write everything about a person into a new file", verbs)
    forget = add("forget", _people_forget, "delete everything about a person, in every conversation", verbs)
    for command in (export, forget):
        command.add_argument("person", type=_person, metavar="ID", help="such as discord:123 or telegram:456")
    export.add_argument("file", type=Path, metavar="FILE")
    forget.add_argument("--yes", action="store_true", help="do not ask whether that is meant")


def _verbs(parser: _Parser) -> argparse._SubParsersAction[_Parser]:
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True)


def _store(text: str) -> str:
    try:
        return store_url(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"expected {problem}") from None


def _person(text: str) -> PersonId:
    platform, _, name = text.partition(":")
    if not platform or not name:
        raise argparse.ArgumentTypeError("expected an id such as discord:123")
    return PersonId(text)


def _schema(*, table: bool) -> int:
    put(config_keys.document() if table else json.dumps(json_schema(), indent=1, ensure_ascii=False))
    return 0


async def _run(config: Config, options: argparse.Namespace) -> int:
    for name in options.platforms:
        if name not in serving.PLATFORMS:
            raise ConfigError(f"run: expected {', '.join(serving.PLATFORMS)}, got {name!a}")
    return await serving.run(config, options.platforms, settings.find(options.config))


async def _chat(config: Config, options: argparse.Namespace) -> int:
    name = options.conversation
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise ConfigError("chat --conversation: expected a short name of printable characters")
    return await wiring.chat(config, name)


async def _check(config: Config, options: argparse.Namespace) -> int:
    file = settings.find(options.config)
    return await checking.check(config, file, offline=options.offline)


async def _models(config: Config, options: argparse.Namespace) -> int:
    if options.name is not None:
        return await listing.describe_model(config, options.name)
    return await listing.list_models(config, offline=options.offline)


async def _inbox_list(config: Config, _options: argparse.Namespace) -> int:
    return await listing.list_inbox(config)


async def _inbox_retry(config: Config, options: argparse.Namespace) -> int:
    return await listing.retry(config, options.turn)


async def _inbox_drop(config: Config, options: argparse.Namespace) -> int:
    return await listing.drop(config, options.turn)


async def _people_export(config: Config, options: argparse.Namespace) -> int:
    return await people.export(config, options.person, options.file)


async def _people_forget(config: Config, options: argparse.Namespace) -> int:
    return await people.forget(config, options.person, sure=options.yes)


async def _copy(config: Config, options: argparse.Namespace) -> int:
    if options.source == options.target:
        raise ConfigError("store copy: expected two different stores, got the same twice")
    with _bar("copying") as show:
        copied = await wiring.copy_store(config, options.source, options.target, show)
    put(filled("copied {number:record|records}", {"number": copied}))
    return 0


async def _back_up(config: Config, options: argparse.Namespace) -> int:
    with _bar("copying") as show:
        await wiring.back_up(config, options.file, show)
    put(f"the store is in {options.file}")
    return 0


async def _restore(config: Config, options: argparse.Namespace) -> int:
    with _bar("restoring") as show:
        restored = await wiring.restore(config, options.file, show)
    put(filled("restored {number:record|records}", {"number": restored}))
    return 0


@contextmanager
def _bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    """How far it has come, for whoever watches: called with how many are done and how many there are in all."""
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not _is_watched()) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
