"""An answer grows on the screen, and stands in the scrollback once and whole."""

from __future__ import annotations

import io
import re

from rich.console import Console

from bots.terminal.stream import FRAME, LiveView
from tests.support.clock import ManualClock

HEIGHT = 12


class Paper:
    """What a terminal shows: it obeys the line feeds, cursor movements and erasures that a live region writes."""

    def __init__(self) -> None:
        self.lines = [""]
        self._row = 0

    def feed(self, written: str) -> None:
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\n|\r|[^\x1b\n\r]+", written):
            self._obey(part)

    def _obey(self, part: str) -> None:
        if part == "\n":
            self._row += 1
            if self._row == len(self.lines):
                self.lines.append("")
        elif part == "\x1b[2K":
            self.lines[self._row] = ""
        elif part == "\x1b[1A":
            self._row -= 1
        elif not part.startswith(("\x1b", "\r")):
            self.lines[self._row] += part

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines).strip()


class Desk:
    """A screen of `HEIGHT` lines with a view on it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self._file = io.StringIO()
        console = Console(file=self._file, width=40, height=HEIGHT, force_terminal=True, color_system=None)
        self.view = LiveView(console, self.clock, "again")
        self.paper = Paper()
        self.highest = 0
        """Lines that the cursor went up at once: more than the screen has would be lines that are lost."""

    async def draft(self, text: str) -> str:
        self.view.draft(text)
        await self.clock.advance(2 * FRAME)
        return self.read()

    def read(self) -> str:
        written = self._file.getvalue()
        self._file.seek(0)
        self._file.truncate()
        climbs = re.findall(r"(?:\x1b\[1A\x1b\[2K)+", written)
        self.highest = max([self.highest, *(climb.count("A") for climb in climbs)])
        self.paper.feed(written)
        return self.paper.text


LINES = [f"line {number}" for number in range(60)]


async def test_words_appear_as_they_come() -> None:
    desk = Desk()
    with desk.view:
        assert await desk.draft("Hello") == "Hello"
        assert await desk.draft("Hello world") == "Hello world"
        desk.view.finish("Hello world.")
    assert desk.read() == "Hello world."


async def test_before_the_first_word_there_is_a_sign_of_life() -> None:
    desk = Desk()
    with desk.view:
        await desk.clock.advance(1)
        assert desk.read()
        desk.view.finish("Yes.")
    assert desk.read() == "Yes."


async def test_who_waits_in_line_sees_their_number_until_there_are_words() -> None:
    desk = Desk()
    with desk.view:
        for number in ("You are number 12 in line.", "You are number 2 in line."):
            desk.view.wait(number)
            await desk.clock.advance(FRAME)
            assert desk.read().endswith(number)
        assert await desk.draft("Hello") == "Hello"
        desk.view.finish("Hello.")
    assert desk.read() == "Hello."


async def test_an_answer_longer_than_the_screen_is_there_once_and_whole() -> None:
    desk = Desk()
    text = "\n\n".join(LINES)
    with desk.view:
        for end in range(0, len(text), 7):
            await desk.draft(text[:end])
        desk.view.finish(text)
    assert re.findall(r"line \d+", desk.read()) == LINES
    assert 0 < desk.highest < HEIGHT


async def test_a_single_block_longer_than_the_screen_is_there_once_and_whole() -> None:
    desk = Desk()
    text = "```\n" + "\n".join(LINES) + "\n```"
    with desk.view:
        for end in range(0, len(text), 31):
            await desk.draft(text[:end])
        desk.view.finish(text)
    assert re.findall(r"line \d+", desk.read()) == LINES
    assert 0 < desk.highest < HEIGHT


async def test_an_answer_that_starts_over_says_so_and_is_whole() -> None:
    desk = Desk()
    with desk.view:
        await desk.draft("The first try.\n\nIt was cut\n")
        desk.view.finish("The second try.\n\nIt is whole.")
    assert re.sub(r"\s+", " ", desk.read()) == "The first try. again The second try. It is whole."


async def test_a_draft_that_was_only_live_is_replaced_without_a_trace() -> None:
    desk = Desk()
    with desk.view:
        await desk.draft("The first")
        desk.view.finish("The second.")
    assert desk.read() == "The second."


async def test_a_problem_takes_the_place_of_the_unfinished_text() -> None:
    desk = Desk()
    with desk.view:
        await desk.draft("The beginning of")
        desk.view.fail("The model cannot be reached.")
    assert desk.read() == "The model cannot be reached."
