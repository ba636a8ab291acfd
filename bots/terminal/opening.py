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

NOTHING = -1
"""A file descriptor that reads as empty."""


def is_interactive() -> bool:
    """Whether somebody sits at it."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


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
    # A stream that was closed before the process began is None; its number may be somebody else's file by now.
    descriptor = NOTHING if sys.stdin is None else sys.stdin.fileno()
    notes = sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None
    return PipeScreen(descriptor, sys.stdout or io.StringIO(), notes, seat.language)
