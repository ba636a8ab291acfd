"""What goes wrong on Telegram, and what people see of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clock import until
from tests.support.telegram_bot import bot_on
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, BOB, BOT_NAME, CLOSED_TOPIC, FORUM, GROUP, Fault, edits, sends

ME = f"@{BOT_NAME}"
SLOW = "extra_body: {delay: 0.05}"
WORDS = "one two three four five six seven eight nine ten eleven twelve"


async def test_a_group_that_becomes_a_supergroup_keeps_its_conversation(tmp_path: Path) -> None:
    always = f"chats: {{{GROUP}: {{always: true}}}}"
    async with TelegramServer() as telegram:
        async with bot_on(telegram, tmp_path, always):
            telegram.say(ADA, f"{ME} before", GROUP)
            await until(lambda: telegram.shown(GROUP) == ["You said: Ada: before"])
            new = telegram.migrate(GROUP)
            telegram.say(ADA, f"/context{ME}", new)
            await until(lambda: "before" in "".join(telegram.shown(new)))
            telegram.say(ADA, "after", new)
            await until(lambda: telegram.shown(new)[1:] == ["You said: Ada: after"])
        async with bot_on(telegram, tmp_path):
            telegram.say(ADA, f"/context{ME}", new)
            await until(lambda: all(text in "".join(telegram.shown(new)[2:]) for text in ("before", "after")))


async def test_an_answer_goes_on_in_the_supergroup(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, model=SLOW):
        telegram.say(ADA, f"{ME} {WORDS}", GROUP)
        await until(lambda: bool(telegram.shown(GROUP)))
        new = telegram.migrate(GROUP)
        await until(lambda: telegram.shown(new) == [f"You said: Ada: {WORDS}"])


async def heard(capsys: pytest.CaptureFixture[str], line: str) -> str:
    """The log up to *line*."""
    said: list[str] = []

    def there() -> bool:
        said.append(capsys.readouterr().out)
        return line in "".join(said)

    await until(there)
    return "".join(said)


@pytest.mark.parametrize("what", ["block", "kick", "mute", "topic"])
async def test_where_it_may_not_write_the_turn_ends_quietly(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, model=SLOW):
        match what:
            case "block":
                telegram.say(ADA, WORDS)
                await until(lambda: telegram.preview(ADA) is not None)
                telegram.block(ADA)
            case "kick":
                telegram.say(ADA, f"{ME} {WORDS}", GROUP)
                await until(lambda: bool(telegram.shown(GROUP)))
                telegram.kick(GROUP)
            case "mute":
                telegram.mute(GROUP)
                telegram.say(ADA, f"{ME} {WORDS}", GROUP)
            case _:
                telegram.say(ADA, f"{ME} {WORDS}", FORUM, topic=CLOSED_TOPIC)
        said = await heard(capsys, "turn.finished")
        assert said.count("turn.refused") == 1
        assert "turn.broke" not in said
        telegram.say(BOB, "hello")
        await until(lambda: telegram.shown(BOB) == ["You said: hello"])


@pytest.mark.parametrize("kind", [429, 502, "reset"])
async def test_what_does_not_take_effect_is_written_again(kind: int | str, tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, "drafts: off", SLOW):
        telegram.faults += [Fault(sends, kind, 2), Fault(edits, kind, 2)]
        telegram.say(ADA, WORDS)
        await until(lambda: telegram.shown(ADA) == [f"You said: {WORDS}"], 20_000)


async def test_an_edit_whose_answer_got_lost_is_made_again_and_a_message_is_doubled_at_worst(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, "drafts: off", SLOW):
        telegram.faults.append(Fault(edits, "lost", 3))
        telegram.say(ADA, WORDS)
        await until(lambda: telegram.shown(ADA) == [f"You said: {WORDS}"], 20_000)
        telegram.faults.append(Fault(sends, "lost"))
        telegram.say(BOB, "hello")
        await until(lambda: "You said: hello" in telegram.shown(BOB), 20_000)
        assert len(telegram.shown(BOB)) <= 2


async def test_formatting_that_is_refused_costs_no_answer(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, "drafts: off"):
        telegram.faults.append(Fault(lambda _, fields: "bold" in fields.get("entities", ""), 400, 100))
        telegram.say(ADA, "**hello**")
        await until(lambda: telegram.shown(ADA) == ["You said: hello"])
        telegram.say(ADA, "and on")
        await until(lambda: telegram.shown(ADA)[1:] == ["You said: and on"])


async def test_a_penalty_in_one_chat_leaves_the_others_alone(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, "drafts: off"):
        telegram.faults.append(Fault(lambda _, fields: fields.get("chat_id") == str(ADA), 429, retry_after=3))
        telegram.say(ADA, "hello")
        await until(lambda: telegram.requests["sendmessage"] == 1)
        telegram.say(BOB, "hello")
        await until(lambda: telegram.shown(BOB) == ["You said: hello"])
        assert telegram.shown(ADA) == []
        await until(lambda: telegram.shown(ADA) == ["You said: hello"])
        assert telegram.statuses[429] == 0  # nothing was sent there meanwhile
