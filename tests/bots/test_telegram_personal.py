"""What somebody on Telegram can have done with what is kept about them."""

from __future__ import annotations

from pathlib import Path

from core.clock import SystemClock
from core.domain import PersonId
from core.stores.opening import open_store
from core.wording import Sentence, say
from tests.core.test_keeping_commands import kept
from tests.support.clock import until
from tests.support.telegram_bot import bot_on
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, BOB, BOT_NAME, GROUP

ME = f"@{BOT_NAME}"


async def test_everything_about_a_person_is_given_in_private_only(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "hello")
        await until(lambda: telegram.shown(ADA) == ["You said: hello"])
        telegram.say(ADA, f"/export{ME} me", GROUP)
        await until(lambda: telegram.shown(GROUP) == [say(Sentence.ALONE_ONLY, "en")])
        telegram.say(ADA, "/export me")
        await until(lambda: any("document" in message for message in telegram.by_bot(ADA)))
        assert not any("document" in message for message in telegram.by_bot(GROUP))


async def test_forget_is_typed_and_no_button(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        telegram.say(ADA, "/forget")
        await until(lambda: telegram.shown(ADA) == [say(Sentence.FORGET_ASK, "en")])
        assert telegram.buttons(telegram.by_bot(ADA)[-1]) == {}


async def test_nothing_is_left_of_who_is_forgotten_and_quoted(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        async with bot_on(telegram, tmp_path):
            telegram.say(ADA, "my diary")
            quoted = telegram.say(ADA, "the moon is made of cheese", GROUP)
            telegram.say(BOB, f"{ME} is that so?", GROUP, reply_to=quoted)
            await until(lambda: bool(telegram.shown(ADA)) and bool(telegram.shown(GROUP)))
            await until(lambda: "Retry" in telegram.buttons(telegram.by_bot(GROUP)[-1]))
            async with open_store(f"sqlite:///{tmp_path}/parlour.db", SystemClock()) as store:
                assert len(await store.voices(PersonId(f"telegram:{ADA}"))) == 2
            telegram.say(ADA, "/forget me")
            await until(lambda: "You are forgotten" in telegram.shown(ADA)[-1])
        found = kept(tmp_path)
        assert f"telegram:{ADA}".encode() not in found
        assert b"my diary" not in found
        assert b"is that so?" in found
