"""What somebody saw and how long it took, part by part, and the document that tells it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from os import cpu_count, getloadavg
from time import monotonic

INTRODUCTION = """# A newcomer's way

From nothing to the first answer, with every word that is read on the way, as `python -m bench.newcomer --write` wrote it: a
fresh clone, an empty home, no caches; what is typed stands in the README. Somebody with a key would read the same, and
better answers.

Discord and Telegram are servers for tests on the same machine, and the clone's `config.yaml` was told their addresses. So
the seconds are Parlour's own: what people do in Discord's portal and with @BotFather, and how long they read and type, is
not in them. Packages came over a fast connection.
"""


@dataclass
class Part:
    """What happens in one place. seconds: of each deed, in order. words: where something can be read, and what. pictures:
    their names and what they show."""

    title: str
    seconds: list[tuple[str, float]] = field(default_factory=list)
    words: list[tuple[str, str]] = field(default_factory=list)
    pictures: list[tuple[str, str]] = field(default_factory=list)

    @asynccontextmanager
    async def timed(self, deed: str) -> AsyncIterator[None]:
        begun = monotonic()
        yield
        self.seconds.append((deed, monotonic() - begun))

    def read(self, where: str, text: str) -> None:
        self.words.append((where, text.strip()))

    def total(self, last: str = "") -> float:
        """Seconds of all deeds, or of those up to *last*."""
        sum_ = 0.0
        for deed, seconds in self.seconds:
            sum_ += seconds
            if deed == last:
                break
        return sum_

    @property
    def count(self) -> int:
        """How many words."""
        return sum(len(text.split()) for _, text in self.words)


def document(getting: Part, places: Sequence[Part], first: str) -> str:
    """*getting*: what all *places* need before. first: the deed that each of them is about."""
    rows = [
        f"| {place.title} | {getting.total() + place.total(first):.0f} s | {place.total(first):.1f} s | {place.count} |"
        for place in places
    ]
    table = ["| | from nothing | of it here | words to read |", "| --- | ---: | ---: | ---: |", *rows]
    busy = f"Its {cpu_count()} cores were shared with others: on average {getloadavg()[2]:.0f} programs wanted one at a time.\n"
    return (
        "\n".join([INTRODUCTION, busy, *table, *(line for part in (getting, *places) for line in _told(part))]) + "\n"
    )


def _told(part: Part) -> list[str]:
    deeds = [f"| {deed} | {seconds:.1f} s |" for deed, seconds in part.seconds]
    words = [line for where, text in part.words for line in ("", f"{where}:", "", "```", text, "```")]
    pictures = [line for name, what in part.pictures for line in ("", f"![{what}](images/{name}.webp)")]
    return ["", f"## {part.title}", "", "| | |", "| --- | ---: |", *deeds, *words, *pictures]
