"""The bot on Telegram as a process, killed while it answers; the next one finishes what was begun."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from core.wording import Sentence, say
from tests.support.bot_process import process
from tests.support.clock import until
from tests.support.telegram_client import GENEROUS
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import TOKEN, Fault, drafts, edits, polls, sends

PEOPLE = range(501, 521)
WORDS = "one two three four five six seven eight nine ten eleven twelve"
LONG = " ".join(f"considerably-{number}" for number in range(600))
"""As an answer, three messages."""

Deed = Callable[[str, Mapping[str, str]], bool]


def written(telegram: TelegramServer, folder: Path, delay: float = 0.1, settings: str = "") -> Path:
    config = folder / "config.yaml"
    config.write_text(
        f"store: sqlite:///{folder}/parlour.db\n"
        f"models: [{{id: echo, provider: scripted, extra_body: {{delay: {delay}}}}}]\n"
        "inbox: {lease: 2s}\n"
        f'telegram: {{token: "{TOKEN}", api_url: "{telegram.api_url}", {settings}}}\n'
    )
    return config


@pytest.mark.parametrize(("settings", "deed"), [("", sends), ("drafts: off", edits)])
async def test_a_killed_process_costs_none_of_twenty_answers(settings: str, deed: Deed, tmp_path: Path) -> None:
    """Killed while each of them is about to be changed; without drafts each message is there already."""
    async with TelegramServer() as telegram:
        config = written(telegram, tmp_path, settings=settings)
        stopped = Fault(deed, "hang", times=1000)
        telegram.faults.append(stopped)
        async with process(config, "telegram"):
            await ask_all(telegram)
            await until(lambda: stopped.times <= 1000 - len(PEOPLE), 20_000)
        telegram.faults.clear()
        await answered_once(telegram, config)


async def test_a_process_that_is_asked_to_end_costs_none_of_twenty_answers(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        config = written(telegram, tmp_path)
        async with process(config, "telegram") as first:
            await ask_all(telegram)
            await until(lambda: all(telegram.shown(person) or telegram.preview(person) for person in PEOPLE))
            first.terminate()
            await first.wait()
        await answered_once(telegram, config)


async def ask_all(telegram: TelegramServer) -> None:
    await until(lambda: telegram.connected, 20_000)
    for person in PEOPLE:
        telegram.say(person, f"{person} {WORDS}")


async def answered_once(telegram: TelegramServer, config: Path) -> None:
    """By another process, as are five questions that are asked while there is none."""
    for person in PEOPLE[:5]:
        telegram.say(person, "and now?")
    expected = [[f"You said: {person} {WORDS}"] for person in PEOPLE]
    expected[:5] = [[*answer, "You said: and now?"] for answer in expected[:5]]
    async with process(config, "telegram"):
        await until(lambda: [telegram.shown(person) for person in PEOPLE] == expected, 20_000)
    assert not telegram.refused
    assert telegram.statuses[429] == 0


@pytest.mark.parametrize("requests", range(1, 6))
async def test_an_answer_of_three_messages_killed_after_any_of_its_requests_is_whole_and_there_once(
    requests: int, tmp_path: Path
) -> None:
    async with TelegramServer(limits=GENEROUS) as telegram:
        next_one = Fault(from_number(requests + 1), "hang", times=100)
        await long_answer(telegram, written(telegram, tmp_path, delay=0.001), next_one)
        assert len(telegram.shown(PEOPLE[0])) == 3
        assert not telegram.refused


@pytest.mark.parametrize("requests", [1, 3, 5])
async def test_killed_before_it_heard_that_a_request_took_effect_it_doubles_one_message_at_most(
    requests: int, tmp_path: Path
) -> None:
    """Telegram cannot be asked whether a message is there."""
    async with TelegramServer(limits=GENEROUS) as telegram:
        unheard = Fault(from_number(requests), "stuck", times=100)
        await long_answer(telegram, written(telegram, tmp_path, delay=0.001), unheard)
        assert len(telegram.shown(PEOPLE[0])) <= 4


async def long_answer(telegram: TelegramServer, config: Path, fault: Fault) -> None:
    """The process is killed when it meets *fault*; returns when the next one has shown every word, in order."""
    person = PEOPLE[0]
    telegram.faults.append(fault)
    async with process(config, "telegram"):
        await until(lambda: telegram.connected, 20_000)
        telegram.say(person, LONG)
        await until(lambda: fault.times < 100 or ended(telegram, person))
    telegram.faults.clear()
    async with process(config, "telegram"):
        await until(lambda: ended(telegram, person), 20_000)


def ended(telegram: TelegramServer, person: int) -> bool:
    """Whether every word is there in order, in messages of which one may be there twice."""
    shown = telegram.shown(person)
    once = [text for index, text in enumerate(shown) if text not in shown[:index]]
    return " ".join(once).split() == f"You said: {LONG}".split()


def from_number(first: int) -> Deed:
    """Yes to every request that shows (part of) an answer, from that one on."""
    counter = itertools.count(1)
    return lambda method, fields: (
        any(kind(method, fields) for kind in (sends, edits, drafts)) and next(counter) >= first
    )


async def test_a_killed_process_costs_none_of_twenty_replies_to_commands(tmp_path: Path) -> None:
    """Killed while each of them is about to be sent: what was asked is confirmed by then."""
    async with TelegramServer() as telegram:
        config = written(telegram, tmp_path)
        stopped = Fault(sends, "hang", times=1000)
        telegram.faults.append(stopped)
        async with process(config, "telegram"):
            await until(lambda: telegram.connected, 20_000)
            for person in PEOPLE:
                telegram.say(person, "/privacy")
            await until(lambda: stopped.times <= 1000 - len(PEOPLE))
            await until(lambda: not telegram.updates.pending)
        telegram.faults.clear()
        async with process(config, "telegram"):
            await until(lambda: all(telegram.shown(person) for person in PEOPLE), 20_000)
            telegram.say(PEOPLE[0], "and now?")
            await until(lambda: "You said: and now?" in telegram.shown(PEOPLE[0]))
        assert [len(telegram.shown(person)) for person in PEOPLE] == [2] + [1] * (len(PEOPLE) - 1)


async def test_killed_between_storing_questions_and_confirming_them_it_answers_them_once(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        config = written(telegram, tmp_path)
        confirming, sending = Fault(confirms, "hang", times=1000), Fault(sends, "hang", times=1000)
        telegram.faults += [confirming, sending]
        async with process(config, "telegram"):
            await ask_all(telegram)
            await until(lambda: confirming.times < 1000 and sending.times <= 1000 - len(PEOPLE))
        assert len(telegram.updates.pending) == len(PEOPLE)
        telegram.faults.clear()
        await answered_once(telegram, config)
        assert not telegram.updates.pending


async def test_a_command_that_was_run_but_not_confirmed_is_not_run_again(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        config, person = written(telegram, tmp_path, delay=0.001), PEOPLE[0]
        async with process(config, "telegram"):
            await until(lambda: telegram.connected, 20_000)
            telegram.say(person, "one")
            telegram.say(person, "two")
            await until(lambda: telegram.shown(person) == ["You said: one", "You said: two"])
            telegram.faults.append(Fault(confirms, "hang", times=1000))
            telegram.say(person, "/undo")
            await until(lambda: len(telegram.shown(person)) == 3)
        assert len(telegram.updates.pending) == 1
        telegram.faults.clear()
        telegram.say(person, "three")
        async with process(config, "telegram"):
            await until(lambda: telegram.shown(person)[-1] == "You said: three", 20_000)
            assert not telegram.updates.pending
        undone = say(Sentence.UNDO_DONE, "en", question="two")
        assert set(telegram.shown(person)[2:-1]) == {
            undone
        }  # twice, where it was killed before it heard that it is there


def confirms(method: str, fields: Mapping[str, str]) -> bool:
    return polls(method, fields) and int(fields.get("offset", 0)) > 0
