"""What admins say in chat: who may talk to the bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.conversations.access import Access
from core.conversations.admitting import FRESH, Admission
from core.domain_limits import Ruling
from core.errors import BadArgument, NoAdmins, NotAllowed, StoreUnavailable
from core.ports import Store
from tests.support.bot import CHAT, Bot, open_bot
from tests.support.clock import ManualClock, settle

ROOT = "web:root"
ADMINS = frozenset({ROOT})


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    async with open_bot(tmp_path, ManualClock(), Access(admins=ADMINS)) as bot:
        yield bot


async def admin(bot: Bot, text: str) -> str:
    return (await bot.run(text, person=ROOT)).text


async def test_who_is_blocked_is_not_answered_until_that_is_lifted(bot: Bot) -> None:
    assert await admin(bot, "/block web:ada") == "web:ada is blocked now."
    await bot.store.put(bot.incoming("Hello", person="web:ada"))
    assert isinstance((await bot.answer()).problem, NotAllowed)
    assert await admin(bot, "/allow web:ada") == "web:ada may talk to me now."
    await bot.store.put(bot.incoming("Hello", person="web:ada"))
    assert (await bot.answer()).final == "You said: Hello"


async def test_a_question_that_waits_when_somebody_is_blocked_is_not_answered(bot: Bot) -> None:
    await bot.store.put(bot.incoming("Hello", person="web:ada"))
    await admin(bot, "/block web:ada")
    assert isinstance((await bot.answer()).problem, NotAllowed)


async def test_who_is_blocked_is_given_what_is_kept_of_them_and_can_have_it_deleted(bot: Bot) -> None:
    await bot.store.put(bot.incoming("Hello", person="web:ada"))
    await bot.answer()
    await admin(bot, "/block web:ada")
    assert (await bot.run("/privacy", person="web:ada")).text
    assert (await bot.run("/export me", person="web:ada")).documents
    assert (await bot.run("/forget me", person="web:ada")).forgotten
    for others in ("/export", "/export json", "/forget", "/forget conversation", "/privacy please"):
        with pytest.raises(NotAllowed):
            await bot.run(others, person="web:ada")
    assert (await bot.commands.admit(bot.incoming(person=ROOT))).blocks(bot.incoming(person="web:ada"))


async def test_where_not_everybody_may_talk_an_admin_can_let_somebody_in(tmp_path: Path) -> None:
    access = Access(users=frozenset({"web:ada"}), admins=ADMINS)
    async with open_bot(tmp_path, ManualClock(), access) as bot:
        with pytest.raises(NotAllowed):
            await bot.run("/help", person="web:bob")
        await admin(bot, "/allow web:bob")
        assert (await bot.run("/help", person="web:bob")).text
        await admin(bot, "/block web:ada")
        with pytest.raises(NotAllowed):
            await bot.run("/help", person="web:ada")


async def test_what_was_said_is_taken_back_and_the_configuration_decides_again(tmp_path: Path) -> None:
    async with open_bot(tmp_path, ManualClock(), Access(users=frozenset({"web:ada"}), admins=ADMINS)) as bot:
        await admin(bot, "/allow web:bob")
        await admin(bot, "/block web:ada")
        assert (await admin(bot, "/revoke")).splitlines()[2] == "To take one of these back: /revoke ID"
        found = await bot.commands.complete("revoke", "", bot.incoming(person=ROOT))
        assert [choice.value for choice in found] == ["web:bob", "web:ada"]
        for subject in ("web:bob", "web:ada"):
            assert await admin(bot, f"/revoke {subject}") == (
                f"Nothing is said of {subject} any more: the configuration decides."
            )
        assert (await bot.run("/help", person="web:ada")).text
        with pytest.raises(NotAllowed):
            await bot.run("/help", person="web:bob")
        assert "/revoke ID" not in await admin(bot, "/allow")


async def test_without_an_id_it_says_who_was_named_and_where_one_is(bot: Bot) -> None:
    await admin(bot, "/block telegram:2")
    await admin(bot, "/block -100777")
    await admin(bot, "/allow discord:1")
    assert await admin(bot, "/block") == await admin(bot, "/allow")
    lines = (await admin(bot, "/allow")).splitlines()
    assert lines[0].endswith(": discord:1")
    assert lines[1].endswith(": telegram:2, web:-100777"), "a number is one of the platform where it is said"
    assert lines[3].endswith(f": {CHAT}")


async def test_many_names_are_cut_short(bot: Bot) -> None:
    for number in range(60):
        await bot.store.rule(f"web:{number:02}", Ruling.BLOCKED)
    assert (await admin(bot, "/block")).splitlines()[1].endswith("web:49, …")


@pytest.mark.parametrize("typed", ["@ada", "discord:1 discord:2", "telegram:1/2", "web:1,", "web:" + "x" * 100])
async def test_what_is_no_id_is_said_to_be_none(bot: Bot, typed: str) -> None:
    with pytest.raises(BadArgument):
        await admin(bot, f"/block {typed}")
    assert not await bot.store.rulings()


async def test_an_admin_cannot_be_blocked_nor_a_block_of_the_configuration_lifted(tmp_path: Path) -> None:
    access = Access(admins=frozenset({ROOT, "web:eve"}), blocked=frozenset({"web:bob"}))
    async with open_bot(tmp_path, ManualClock(), access) as bot:
        assert "admins cannot be blocked" in await admin(bot, "/block web:eve")
        assert "only there" in await admin(bot, "/allow web:bob")
        assert not await bot.store.rulings()


@pytest.mark.parametrize("command", ["allow", "block", "revoke"])
async def test_these_commands_are_admins_alone(tmp_path: Path, command: str) -> None:
    async with open_bot(tmp_path, ManualClock()) as bot:
        with pytest.raises(NoAdmins):
            await bot.run(f"/{command} web:bob")
        assert not await bot.commands.complete(command, "", bot.incoming())
        assert command not in (await bot.run("/help")).text


async def test_ids_that_were_named_complete(bot: Bot) -> None:
    await admin(bot, "/block web:bob")
    found = await bot.commands.complete("allow", "b", bot.incoming(person=ROOT))
    assert [choice.value for choice in found] == ["web:bob"]


async def test_what_is_said_in_another_process_holds_here_a_second_later(bot: Bot) -> None:
    assert isinstance(bot.clock, ManualClock)
    here = Admission(bot.store, bot.clock, Access())
    incoming = bot.incoming(person="web:ada")
    assert (await here.access()).allows(incoming)
    await admin(bot, "/block web:ada")
    await bot.clock.advance(FRESH)
    assert not (await here.access()).allows(incoming)


class Slow:
    """Rulings of a store that takes its time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.answers = asyncio.Event()

    async def rule(self, subject: str, ruling: Ruling | None) -> None:
        await self._store.rule(subject, ruling)

    async def rulings(self) -> dict[str, Ruling]:
        await self.answers.wait()
        return await self._store.rulings()


async def test_a_configuration_that_comes_while_the_store_is_asked_holds(bot: Bot) -> None:
    rulings = Slow(bot.store)
    here = Admission(rulings, bot.clock, Access())
    asking = asyncio.create_task(here.access())
    await settle()
    here.configure(Access(users=frozenset({"test:bob"})))
    rulings.answers.set()
    assert not (await asking).allows(bot.incoming())


class Away:
    """Rulings of a store that is gone after the first look."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.looks = 0

    async def rule(self, subject: str, ruling: Ruling | None) -> None:
        await self._store.rule(subject, ruling)

    async def rulings(self) -> dict[str, Ruling]:
        self.looks += 1
        if self.looks > 1:
            raise StoreUnavailable
        return await self._store.rulings()


class Hanging(Away):
    """Rulings of a store that does not answer at all."""

    def __init__(self, bot: Bot) -> None:
        super().__init__(bot.store)
        self._clock = bot.clock

    async def rulings(self) -> dict[str, Ruling]:
        self.looks += 1
        await self._clock.sleep(5.0)
        raise StoreUnavailable


async def test_a_store_that_hangs_is_waited_for_once_however_many_ask(bot: Bot) -> None:
    assert isinstance(bot.clock, ManualClock)
    rulings = Hanging(bot)
    here = Admission(rulings, bot.clock, Access())
    asking = [asyncio.create_task(here.access()) for _ in range(10)]
    await bot.clock.advance(5.0)
    assert all(task.done() for task in asking)
    assert rulings.looks == 1


async def test_while_the_store_is_away_what_was_known_holds_and_so_over_a_new_configuration(bot: Bot) -> None:
    assert isinstance(bot.clock, ManualClock)
    rulings = Away(bot.store)
    await rulings.rule("test:ada", Ruling.BLOCKED)
    here = Admission(rulings, bot.clock, Access())
    await here.access()
    await bot.clock.advance(FRESH)
    here.configure(Access(users=frozenset({"test:ada"})))
    assert not (await here.access()).allows(bot.incoming())
    assert rulings.looks == 2
