"""Many people on the Telegram that tests run against, each in a private chat, and Telegram at its worst meanwhile."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping

from tests.support.telegram_rest import COUNTED
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import BOT, Fault

WORDS = "one two three four five six seven eight nine ten eleven twelve"
ONE_OF_FIVE = (True, False, False, False, False)
ALWAYS = 1_000_000
Matches = Callable[[str, Mapping[str, str]], bool]


def ask_all(telegram: TelegramServer, people: int) -> Mapping[int, str]:
    """All ask at once; the answer to expect, by chat."""
    everybody = range(501, 501 + people)
    for person in everybody:
        telegram.say(person, f"{person} {WORDS}")
    return {person: f"You said: {person} {WORDS}" for person in everybody}


def all_right(telegram: TelegramServer, expected: Mapping[int, str]) -> bool:
    """Whether each answer is there, whole and finished. What is there beside it is for `doubled`."""
    ended = defaultdict(list)
    for (chat, _), message in telegram.messages.items():
        if message["from"]["id"] == BOT and list(telegram.buttons(message)) == ["Retry"]:
            ended[chat].append(message["text"])
    return all(text in ended[chat] for chat, text in expected.items())


def doubled(telegram: TelegramServer, expected: Mapping[int, str]) -> int:
    """How many messages there are beside one for each answer."""
    return sum(len(telegram.by_bot(chat)) for chat in expected) - len(expected)


def failing(kind: int | str, matches: Matches | None = None) -> Fault:
    """Every fifth call that shows something fails; matches: of these only."""
    turns = itertools.cycle(ONE_OF_FIVE)

    def chosen(method: str, fields: Mapping[str, str]) -> bool:
        return method in COUNTED and (matches is None or matches(method, fields)) and next(turns)

    return Fault(chosen, kind, ALWAYS)
