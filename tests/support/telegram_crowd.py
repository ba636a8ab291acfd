"""Many people on the Telegram that tests run against, each in a private chat, and Telegram at its worst meanwhile."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from tests.support.telegram_rest import COUNTED
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import BOT, Fault

WORDS = "one two three four five six seven eight nine ten eleven twelve"
TURNS = (True, False, False, False, False)
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


class OneOfFive:
    """Of the calls that show something every fifth fails, in the way of *kind*; deed: of these only."""

    def __init__(self, kind: int | str, deed: Matches | None = None) -> None:
        self._deed = deed
        self._turns = itertools.cycle(TURNS)
        self.failed: Counter[str] = Counter()
        self.fault = Fault(self._chosen, kind, ALWAYS)

    def at_rest(self, telegram: TelegramServer, people: int) -> bool:
        """Whether every message that failed, or was not heard of, has been sent again."""
        return telegram.requests["sendmessage"] == people + self.failed["sendmessage"]

    def _chosen(self, method: str, fields: Mapping[str, str]) -> bool:
        counted = method in COUNTED and (self._deed is None or self._deed(method, fields))
        fails = counted and next(self._turns)
        self.failed[method] += fails
        return fails
