"""One answer as it is written."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner

from bots.terminal.render import Drawn, Tail, finished, plain, safe
from core.ports import Clock

FRAME = 0.08
"""Seconds between two paintings: about 12 a second, as fast as reading profits from."""
LIVE_MOST = 8_000
"""Characters of an unfinished block that are drawn as Markdown; a longer one is shown as it is while it is written,
because drawing it anew for every painting would take the processor from the model."""


class View(Protocol):
    """Where one answer is seen on this screen."""

    def draft(self, text: str) -> None:
        """The text so far."""

    def wait(self, sentence: str) -> None:
        """Says why there is none yet."""

    def finish(self, text: str) -> None: ...

    def fail(self, sentence: str) -> None: ...


class LiveView(AbstractContextManager["LiveView"]):
    """Prints finished blocks for good and keeps only the unfinished rest in a live region, never higher than the
    screen: an answer of any length is in the scrollback once and whole.

    again: the sentence that stands between what was printed for good and a text that turned out different.
    """

    def __init__(self, console: Console, clock: Clock, again: str) -> None:
        self._console = console
        self._clock = clock
        self._again = again
        self._spinner = Spinner("dots")
        self._printed = ""
        self._text = ""
        self._stale = True
        self._live = Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop")

    def __enter__(self) -> Self:
        self._live.start()
        self._painter = asyncio.create_task(self._paint(), name="terminal painter")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._painter.cancel()
        self._live.stop()

    def draft(self, text: str) -> None:
        self._text = safe(text).lstrip("\n")
        self._stale = True

    def wait(self, sentence: str) -> None:
        self._spinner.update(text=plain(sentence, "dim"))

    def finish(self, text: str) -> None:
        self._text = safe(text).lstrip("\n")
        self._restart()
        self._end()
        self._print(self._text)
        self._console.print()

    def fail(self, sentence: str) -> None:
        self._text = self._printed = ""
        self._end()
        self._console.print(plain(sentence, "yellow"))
        self._console.print()

    def _end(self) -> None:
        self._painter.cancel()
        self._live.update("", refresh=True)
        self._live.stop()

    async def _paint(self) -> None:
        while True:
            await self._clock.sleep(FRAME)
            if self._stale or not self._text:
                self._stale = False
                self._restart()
                self._settle()
                self._live.update(Tail(self._rest(), self._console.height - 2), refresh=True)

    def _restart(self) -> None:
        if not self._text.startswith(self._printed.rstrip()):
            self._printed = ""
            self._console.print(plain(self._again, "dim"))

    def _settle(self) -> None:
        """Prints the blocks that are finished, for good."""
        rest = self._text[len(self._printed) :]
        if done := finished(rest):
            self._print(self._printed + rest[:done])

    def _print(self, text: str) -> None:
        """Prints what *text* has more than is printed."""
        block = text[len(self._printed) :]
        if block.strip():
            if self._printed:
                self._console.print()
            self._console.print(Drawn(block))
        self._printed = text

    def _rest(self) -> RenderableType:
        rest = self._text[len(self._printed) :]
        if not self._text:
            return self._spinner
        drawn = Drawn(rest) if len(rest) <= LIVE_MOST else plain(rest[-LIVE_MOST:])
        return Group("", drawn) if self._printed else drawn
