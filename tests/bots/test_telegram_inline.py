"""``@bot question`` in any chat."""

from __future__ import annotations

from pathlib import Path

from tests.support.clock import until
from tests.support.telegram_bot import bot_on
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA, Fault, edits

WORDS = "one two three four five six seven eight nine ten eleven twelve"
SLOW = "extra_body: {delay: 0.05}"


async def sent(telegram: TelegramServer, question: str) -> str:
    """Asks, waits for the offer and sends it; the inline message's id."""
    query = telegram.ask_inline(ADA, question)
    await until(lambda: query in telegram.answered)
    return telegram.choose(ADA, query, "ask")


async def test_the_answer_takes_the_place_of_what_was_sent(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, model=SLOW):
        message = await sent(telegram, WORDS)
        assert telegram.inline[message]["text"] == WORDS
        telegram.faults.append(Fault(edits, "lost"))
        await until(lambda: telegram.inline[message]["text"].endswith(f"You said: {WORDS}"))
        assert telegram.inline[message]["text"].startswith(WORDS)
        assert telegram.inline[message]["entities"][0]["type"] == "blockquote"
        assert "reply_markup" not in telegram.inline[message]
        assert telegram.refused == []


async def test_what_does_not_fit_comes_to_the_private_chat(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        message = await sent(telegram, "long " * 50 + "x" * 4500)
        await until(lambda: len(telegram.by_bot(ADA)) == 1)
        assert telegram.inline[message]["text"].startswith("long long")
        assert "document" in telegram.by_bot(ADA)[0]


async def test_an_empty_question_offers_nothing(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path):
        query = telegram.ask_inline(ADA, "  ")
        await until(lambda: query in telegram.answered)
        assert telegram.answered[query]["results"] == []
