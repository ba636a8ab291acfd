"""Threads: where that is set, a question opens one and is answered there."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import accumulate, takewhile

import discord
import structlog
from wcwidth import iter_graphemes

from bots.discord.api import Refusal
from bots.discord.refusing import Ask
from bots.discord.translate import Place, ids_of
from bots.shared.split import utf16_units
from bots.shared.surface import MessageGone
from core.conversations.cleaning import tidy
from core.domain import Incoming, Turn

log = structlog.get_logger(__name__)

SCOPE = "thread"
PARENT, TITLE = "parent", "title"
"""Keys of an address whose place is a thread that may not be there yet: the channel it is to be in, and its name."""
ARCHIVED_AFTER = 1440
"""Minutes without a message until Discord puts the thread away: a day, the usual one of the four that it takes."""
LONGEST_NAME = 100
"""Characters ("Start Thread from Message" in Discord's reference)."""
LONGEST_READ = 1000
"""Characters of a question that are looked at for its thread's name."""
ALREADY = 160004
"""Discord's error code ("JSON Error Codes" in its reference) for a message that has its thread."""


def can_open(message: discord.Message) -> bool:
    """Whether a thread can be opened from *message*, as far as the library knows; not within a thread."""
    channel, server = message.channel, message.guild
    if not isinstance(channel, discord.TextChannel) or server is None or not isinstance(server.me, discord.Member):
        return False
    allowed = channel.permissions_for(server.me)
    return allowed.create_public_threads and allowed.send_messages_in_threads


def opens(incoming: Incoming) -> bool:
    """Whether it is answered in a thread of its own."""
    return TITLE in incoming.address


def moved(incoming: Incoming, message: discord.Message) -> Incoming:
    """The same question, to be answered in the thread that *message* opens: its id is known before it is there."""
    place = Place(message.id, message.guild.id if message.guild else None, message.channel.id)
    return replace(
        incoming,
        conversation=place.conversation(message.author.id, SCOPE),
        address={"channel": str(place.channel), PARENT: str(place.parent), TITLE: _title(incoming, message)},
        places=place.names,
    )


def _title(incoming: Incoming, message: discord.Message) -> str:
    """The beginning of the question, or what came along with it, on one line."""
    texts = [part.text for part in incoming.parts] + [file.filename for file in message.attachments]
    lines = (" ".join(tidy(text[:LONGEST_READ]).split()) for text in (*texts, message.author.display_name))
    return _shortened(next(filter(None, lines), "…"))


def _shortened(line: str) -> str:
    """As long as a name may be, and not cut inside of what people see as one character."""
    ends = accumulate(iter_graphemes(line))
    name = "".join(deque(takewhile(lambda start: utf16_units(start) < LONGEST_NAME, ends), maxlen=1))
    return name if name == line else f"{name.rstrip()}…"


async def settled(turn: Turn, ask: Ask) -> Incoming:
    """The turn's question with the place of its answer: the thread that it opens, or beside it where none may be opened.
    Before anything is written, so that no other request's permit is held meanwhile. Raises SurfaceUnavailable."""
    question = turn.incoming
    thread, parent = question.address["channel"], question.address[PARENT]
    beside = replace(question, address={"channel": parent})
    if turn.shown:
        return beside if ids_of(turn.shown[0])[0] == parent else question
    body = {"name": question.address[TITLE], "auto_archive_duration": ARCHIVED_AFTER}
    try:
        await ask("POST", parent, f"/channels/{parent}/messages/{thread}/threads", body)
    except (MessageGone, Refusal) as problem:
        if isinstance(problem, MessageGone) or problem.code != ALREADY:
            log.info("discord.no_thread", channel=parent, detail=str(problem))
            return beside
    return question
