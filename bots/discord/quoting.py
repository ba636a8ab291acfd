"""What a command asked, above its answer: of a command Discord shows the others only its name."""

from __future__ import annotations

import discord

from core.conversations.reports import excerpt
from core.domain import Turn, text_of
from core.ports import History
from core.wording import Sentence, say

LONGEST = 300
"""Characters of a question that are shown: most questions whole, and never a screen full of it."""


async def question_of(turn: Turn, history: History) -> str:
    """What *turn* asks, or asks again, or shows another answer to. Raises StoreError."""
    incoming = turn.incoming
    asked = incoming.again
    if incoming.show is not None:
        answer = await history.message(incoming.conversation, incoming.show)
        asked = answer.parent if answer else None
    elif asked is None:
        return text_of(incoming.parts[:1])
    kept = await history.message(incoming.conversation, asked) if asked else None
    return text_of(kept.parts[:1]) if kept else ""


def quoted(turn: Turn, question: str) -> str:
    """The line to stand above the answer. It formats nothing, notifies nobody and ends with itself."""
    sender, about = turn.incoming.sender, turn.incoming.address.get("about")
    values = {"name": _plain(sender.name), "question": _plain(question)}
    if about:
        return f"> {say(Sentence.DISCORD_ASKS_ABOUT, sender.language, link=about, **values)}"
    return f"> {say(Sentence.DISCORD_ASKS, sender.language, **values)}"


def _plain(text: str) -> str:
    return discord.utils.escape_mentions(discord.utils.escape_markdown(excerpt(text, LONGEST)))
