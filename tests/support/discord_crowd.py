"""Many people on the Discord that tests run against, each in a direct message, and Discord at its worst meanwhile."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

from tests.support.discord_server import DiscordServer
from tests.support.discord_world import Fault

WORDS = "one two three four five six seven eight nine ten eleven twelve"
THREE_OF_TEN = (True, False, False, True, False, False, True, False, False, False)
ALWAYS = 1_000_000


def ask_all(discord: DiscordServer, people: int) -> Mapping[str, str]:
    """All ask at once; the answer to expect, by channel."""
    expected = {}
    for person in map(str, range(501, 501 + people)):
        expected[discord.direct(person)] = f"You said: {person} {WORDS}"
        discord.say(person, f"{person} {WORDS}", discord.direct(person))
    return expected


def all_right(discord: DiscordServer, expected: Mapping[str, str]) -> bool:
    """Whether each answer is there whole, once, and finished."""
    for channel, text in expected.items():
        shown = discord.by_bot(channel)
        if len(shown) != 1 or shown[0]["content"] != text or list(discord.buttons(shown[0])) != ["Retry"]:
            return False
    return True


def failing(deed: Callable[[str, str], bool], kind: int | str, scope: str = "user") -> Fault:
    """30 % of these requests fail."""
    turns = itertools.cycle(THREE_OF_TEN)
    return Fault(lambda method, path: deed(method, path) and next(turns), kind, ALWAYS, 0.2, scope)
