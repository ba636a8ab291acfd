"""How an answer becomes visible while it is written: as it comes, or in steps that are checked before anybody sees them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from typing import Any

from core.conversations.moderating import Moderation
from core.errors import Flagged, NotModerated
from core.ports import Clock
from core.ports_moderation import LONGEST_PIECE
from core.tasks import cancelled
from core.watching import Subject

FIRST_STEP, LONGEST_STEP = 40, 400
"""Characters of a step at least: of the first one, so that something is seen soon, and of those from some hundred on, so
that a long answer takes a request for each few seconds of its writing. Each step between is as long as all before it."""
LONGEST_SENTENCE = 3
"""Steps after which a text without a sentence's end is shown up to where it is."""
CONTEXT = 1000
"""Characters before a step that are checked with it again: what they mean together may be more than each alone."""
_END = re.compile(r"[.!?…][\"'”’)\]*_]*(?=\s)|[。！？][”’）」』]*|\n")
"""Of a sentence or a line."""


class Showing:
    """Shows an answer as it is written."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    def draft(self, text: str) -> None:
        """As `core.ports.Reply` has it."""
        self._show(text)

    async def write(self, writing: Coroutine[Any, Any, None], text: Callable[[], str]) -> None:
        """*writing*, which calls `draft`; *text* is what it has written when it has ended."""
        del text
        await writing

    def seen(self, text: str) -> str:
        """What people see of *text*, which was written so far, if no more is."""
        return text


class CheckedShowing(Showing):
    """Shows only what was checked: up to the end of a sentence, one check at a time, the whole at the end. What is
    refused ends the writing."""

    def __init__(self, show: Callable[[str], None], moderation: Moderation, clock: Clock) -> None:
        super().__init__(show)
        self._moderation = moderation
        self._text = ""
        self._passed = ""
        self._grown = asyncio.Event()
        self._scope = clock.watchdog(None)
        self._problem: Flagged | NotModerated | None = None

    def draft(self, text: str) -> None:
        self._text = text
        self._grown.set()

    async def write(self, writing: Coroutine[Any, Any, None], text: Callable[[], str]) -> None:
        """Raises AnswerFlagged and NotModerated."""
        following = asyncio.create_task(self._follow(), name="checking an answer")
        try:
            async with self._scope:
                await writing
                await self._pass(text(), all_of_it=True)
        except TimeoutError:
            if self._problem is None:
                raise
            raise self._problem from None
        finally:
            await cancelled(following)

    def seen(self, text: str) -> str:
        del text
        return "" if self._problem else self._passed

    async def _follow(self) -> None:
        try:
            while True:
                await self._grown.wait()
                self._grown.clear()
                while end := step_end(self._text, self._begun(self._text)):
                    await self._pass(self._text[:end])
        except (Flagged, NotModerated) as problem:
            self._problem = problem
            self._scope.bite()

    def _begun(self, text: str) -> int:
        """How much of it has passed: nothing of an answer that was begun anew."""
        return len(self._passed) if text.startswith(self._passed) else 0

    async def _pass(self, text: str, *, all_of_it: bool = False) -> None:
        """Shows *text* once it is checked."""
        begun = self._begun(text)
        if begun < len(text):
            is_short = all_of_it and len(text) <= LONGEST_PIECE
            await self._moderation.check(Subject.ANSWER, text[0 if is_short else max(0, begun - CONTEXT) :])
        if self._problem is not None:  # the check before this one, which took longer
            raise self._problem
        self._passed = text
        self._show(text)


def step_end(text: str, begun: int) -> int:
    """Where the next step of *text* ends that may be checked, of which *begun* characters were; 0 while there is none."""
    least = least_step(begun)
    if len(text) - begun < least:
        return 0
    ends = [found.end() for found in _END.finditer(text, begun)]
    if ends and ends[-1] - begun >= least:
        return ends[-1]
    return len(text) if len(text) - begun >= LONGEST_SENTENCE * LONGEST_STEP else 0


def least_step(begun: int) -> int:
    """Characters of the step after *begun* of them."""
    return min(LONGEST_STEP, max(FIRST_STEP, begun))


def showing(moderation: Moderation, show: Callable[[str], None], clock: Clock) -> Showing:
    return CheckedShowing(show, moderation, clock) if moderation.checks_answers else Showing(show)
