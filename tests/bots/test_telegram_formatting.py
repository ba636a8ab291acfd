"""Formatting over the wire: what the server of Telegram keeps of an answer, at first and after each edit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.wording import Sentence, say
from tests.support.clock import until
from tests.support.telegram_bot import bot_on, config_for, running
from tests.support.telegram_rules import cut
from tests.support.telegram_server import TelegramServer
from tests.support.telegram_world import ADA

SLOW = "extra_body: {delay: 0.05}"
EDITS = "drafts: off"
CALLS = "Ask @bob_the_builder, @carol or [her](tg://user?id=203): /new, /stop@parlour_bot and `@dave`.\n\n> @eve\n"
MARKDOWN = """# Plan
**Run `make`** in _this_ order:

1. first
   ```sh
   make x_y
   ```
2. then

| a | 汉字 |
|---|---|
| 1 | **2** |

> as <b>said</b>"""


def covered(message: dict[str, Any]) -> list[tuple[str, str]]:
    entities = message.get("entities", [])
    return [
        (entity["type"], cut(message["text"], entity["offset"], entity["offset"] + entity["length"]))
        for entity in entities
    ]


async def test_an_answer_is_formatted_and_never_refused(tmp_path: Path) -> None:
    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, EDITS, SLOW):
        telegram.say(ADA, f"this:\n\n{MARKDOWN}")
        await until(lambda: any(text.endswith("as <b>said</b>") for text in telegram.shown(ADA)))
        assert telegram.refused == []
        [answer] = telegram.by_bot(ADA)
        assert answer["text"].startswith(
            "You said: this:\n\nPlan\nRun make in this order:\n\n1. first\n\nmake x_y\n2. then\n"
        )
        assert covered(answer) == [
            ("bold", "Plan"),
            ("bold", "Run"),
            ("code", "make"),
            ("italic", "this"),
            ("pre", "make x_y"),
            ("pre", "a | 汉字\n--+-----\n1 | 2"),
            ("blockquote", "as <b>said</b>"),
        ]


async def test_an_answer_full_of_mentions_and_commands_calls_nobody_at_any_time(tmp_path: Path) -> None:
    kinds: set[str] = set()

    def is_whole() -> bool:
        kinds.update(kind for message in telegram.by_bot(ADA) for kind, _ in covered(message))
        return any("@\u2060eve" in text for text in telegram.shown(ADA))

    async with TelegramServer() as telegram, bot_on(telegram, tmp_path, EDITS, SLOW):
        telegram.say(ADA, CALLS)
        await until(is_whole)
        assert kinds == {"code", "blockquote"}
        assert telegram.refused == []


async def test_a_command_that_an_error_names_can_be_tapped(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        config = config_for(telegram, tmp_path, model='extra_body: {replies: [""]}')
        once = config.model_copy(update={"answer": config.answer.model_copy(update={"attempts": 1})})
        async with running(telegram, once):
            telegram.say(ADA, "hello")
            await until(lambda: telegram.shown(ADA) == [say(Sentence.MODEL_GARBLED, "en")])
            [problem] = telegram.by_bot(ADA)
            assert covered(problem) == [("bot_command", "/retry")]
