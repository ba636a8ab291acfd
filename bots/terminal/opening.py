"""The terminal that this process was started in, for wiring."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from bots.terminal.app import Desk, Terminal
from bots.terminal.commands import CommandCompleter
from bots.terminal.pipe import PipeScreen
from bots.terminal.prompt import Device, PromptScreen
from bots.terminal.screen import Screen
from bots.terminal.translate import Seat


def is_interactive() -> bool:
    """Whether somebody sits at it."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def open_terminal(desk: Desk, seat: Seat, loading: Callable[[], str | None]) -> Terminal:
    """Documents are saved in the working directory. *loading* as in `Terminal`."""
    return Terminal(desk, seat, _screen(desk, seat), loading, Path.cwd())


def _screen(desk: Desk, seat: Seat) -> Screen:
    if is_interactive():
        invoker = seat.incoming("completion", "", desk.clock.now())
        completer = CommandCompleter(desk.commands, invoker)
        return PromptScreen(Device(Console(highlight=False)), desk.clock, completer, seat.language)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return PipeScreen(sys.stdin.fileno(), sys.stdout, sys.stderr if sys.stderr.isatty() else None, seat.language)
