"""Many people on the Discord that tests run against, each in a direct message, and Discord at its worst meanwhile."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

from tests.support.discord_server import DiscordServer
from tests.support.discord_world import BOT, Fault

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
    shown = [message for message in discord.messages.values() if message["author"]["id"] == BOT]
    texts = {message["channel_id"]: message["content"] for message in shown}
    ended = all(list(discord.buttons(message)) == ["Retry"] for message in shown)
    return ended and texts == expected and len(shown) == len(expected)


def failing(deed: Callable[[str, str], bool], kind: int | str, scope: str = "user") -> Fault:
    """30 % of these requests fail."""
    turns = itertools.cycle(THREE_OF_TEN)
    return Fault(lambda method, path: deed(method, path) and next(turns), kind, ALWAYS, 0.2, scope)
