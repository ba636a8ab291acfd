"""Buttons on Telegram: under answers and in menus; who may press them, and what is forged or too late."""

from __future__ import annotations

from pathlib import Path

from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.telegram_bot import bot_on
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, BOB, BOT_NAME, CAROL, GROUP

ME = f"@{BOT_NAME}"
SLOW = "extra_body: {delay: 0.05}"
WORDS = "one two three four five six seven eight nine ten eleven twelve"


def last(telegram: TelegramServer, chat: int) -> int:
    return int(telegram.by_bot(chat)[-1]["message_id"])


def press(telegram: TelegramServer, person: int, label: str, chat: int | None = None) -> str:
    """Presses the button of that label under the bot's last message; the query's id."""
    place = chat or person
    data = telegram.buttons(telegram.by_bot(place)[-1])[label]
    return telegram.press(person, place, last(telegram, place), data)


def has_button(telegram: TelegramServer, chat: int, label: str) -> bool:
    return bool(telegram.by_bot(chat)) and label in telegram.buttons(telegram.by_bot(chat)[-1])


async def test_retry_puts_a_sibling_in_the_place_of_the_answer_and_one_can_go_back(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        async with bot_on(telegram, tmp_path):
            telegram.say(ADA, "hello")
            await until(lambda: has_button(telegram, ADA, "Retry"))
        async with bot_on(telegram, tmp_path):  # it works in a process that knows nothing but the store
            query = press(telegram, ADA, "Retry")
            await until(lambda: has_button(telegram, ADA, "2/2"))
            assert query in telegram.answered
            press(telegram, ADA, "‹")
            await until(lambda: has_button(telegram, ADA, "1/2"))
            assert telegram.shown(ADA) == ["You said: hello"]
            assert telegram.refused == []


async def test_stop_keeps_what_is_there(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, "drafts: off", SLOW):
        telegram.say(ADA, WORDS)
        await until(lambda: has_button(telegram, ADA, "Stop"))
        press(telegram, ADA, "Stop")
        await until(lambda: has_button(telegram, ADA, "Retry"))
        assert telegram.shown(ADA)[0] != f"You said: {WORDS}"


async def test_in_a_group_only_who_asked_and_administrators_press(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, f"{ME} hello", GROUP)
        await until(lambda: has_button(telegram, GROUP, "Retry"))
        query = press(telegram, BOB, "Retry", GROUP)
        await until(lambda: query in telegram.answered)
        assert telegram.answered[query]["text"] == say(Sentence.BUTTON_NOT_YOURS, "en")
        press(telegram, CAROL, "Retry", GROUP)
        await until(lambda: has_button(telegram, GROUP, "2/2"))


async def test_forged_data_and_buttons_on_what_is_gone_get_a_sentence(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "hello")
        await until(lambda: has_button(telegram, ADA, "Retry"))
        here, data = last(telegram, ADA), telegram.buttons(telegram.by_bot(ADA)[-1])["Retry"]
        forged = [
            "x",
            "r",
            data.replace(str(ADA), str(BOB)),
            "choose:new:x",
            "choose:model:",
            "choose:model:echo",
            "\N{SNOWMAN}" * 20,
        ]
        queries = [telegram.press(ADA, ADA, here, text) for text in forged]
        telegram.delete(ADA, here)
        queries.append(telegram.press(ADA, ADA, here, data))
        await until(lambda: set(queries) <= set(telegram.answered))
        stale = say(Sentence.BUTTON_STALE, "en")
        assert [telegram.answered[query].get("text") for query in queries] == [stale] * len(queries)
        telegram.say(ADA, "and on")
        await until(lambda: telegram.shown(ADA) == ["You said: and on"])


async def test_a_menu_chooses_the_model_and_marks_it(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        async with bot_on(telegram, tmp_path):
            telegram.say(ADA, "/model")
            await until(lambda: has_button(telegram, ADA, "✓ echo"))
        async with bot_on(telegram, tmp_path):
            query = press(telegram, ADA, "✓ echo")
            await until(lambda: query in telegram.answered)
            assert telegram.answered[query]["text"] == say(Sentence.MODEL_CHANGED, "en", name="echo")
