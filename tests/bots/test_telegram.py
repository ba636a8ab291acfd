"""What people on Telegram see, against a Bot API server on loopback, with the real library."""

from __future__ import annotations

from pathlib import Path

from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.telegram_bot import bot_on
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, BOB, BOT_NAME, FORUM, GROUP, SUPERGROUP, TOPIC

ME = f"@{BOT_NAME}"


async def test_a_private_message_is_answered(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "hello")
        await until(lambda: telegram.shown(ADA) == ["You said: hello"])
        assert telegram.refused == []


async def test_start_is_greeted_in_the_language_of_whoever_says_it(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.languages[BOB] = "zh-hans"
        telegram.say(ADA, "/start")
        telegram.say(BOB, "/start")
        await until(lambda: bool(telegram.shown(ADA) and telegram.shown(BOB)))
        assert telegram.shown(ADA) == [say(Sentence.TELEGRAM_GREETING, "en", name="Ada")]
        assert telegram.shown(BOB) == [say(Sentence.TELEGRAM_GREETING, "zh", name="Bob")]


async def test_a_deep_link_chooses_a_persona_or_a_model(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "/start persona_assistant")
        await until(lambda: telegram.shown(ADA) == [say(Sentence.PERSONA_CHANGED, "en", name="assistant")])


async def test_in_a_group_it_speaks_when_it_is_spoken_to(tmp_path: Path) -> None:
    async with TelegramServer(privacy=False) as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "nothing for the bot", SUPERGROUP)
        asked = telegram.say(ADA, f"what do you think, {ME}, of this?", SUPERGROUP)
        await until(lambda: telegram.shown(SUPERGROUP) == [f"You said: Ada: what do you think, {ME}, of this?"])
        answer = telegram.by_bot(SUPERGROUP)[0]
        assert answer["reply_to_message"]["message_id"] == asked
        telegram.say(BOB, "and this?", SUPERGROUP, reply_to=answer["message_id"])
        await until(lambda: telegram.shown(SUPERGROUP)[1:] == ["You said: Bob: and this?"])
        telegram.say(BOB, f"/new{ME}", SUPERGROUP)
        telegram.say(BOB, "/new@another_bot", SUPERGROUP)
        await until(lambda: telegram.shown(SUPERGROUP)[2:] == [say(Sentence.NEW_DONE, "en")])
        assert telegram.refused == []


async def test_a_group_set_so_is_answered_always(tmp_path: Path) -> None:
    chats = f"chats: {{{GROUP}: {{always: true}}}}"
    async with TelegramServer(privacy=False) as telegram, bot_on(telegram, tmp_path, chats):
        telegram.say(ADA, "hello", SUPERGROUP)
        telegram.say(ADA, "hello", GROUP)
        await until(lambda: telegram.shown(GROUP) == ["You said: Ada: hello"])
        assert telegram.shown(SUPERGROUP) == []


async def test_a_topic_is_a_conversation_of_its_own(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, f"{ME} in the topic", FORUM, topic=TOPIC)
        await until(lambda: telegram.shown(FORUM) == ["You said: Ada: in the topic"])
        assert telegram.by_bot(FORUM)[0]["message_thread_id"] == TOPIC
        telegram.say(ADA, f"/retry{ME}", FORUM)
        await until(lambda: telegram.shown(FORUM)[1:] == [say(Sentence.RETRY_NOTHING, "en")])
