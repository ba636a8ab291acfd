"""What others said lately and not to the bot, as background of a question: in memory only, and only where that is set."""

from __future__ import annotations

from collections.abc import Iterable

import discord
import structlog

from bots.discord.api import Refusal
from bots.discord.habits import Habits
from bots.discord.library import related
from bots.discord.surroundings import Read
from bots.discord.translate import NOTHING, Background, is_addressed, is_from_person, person_of, words_of
from bots.shared.patience import Patience
from bots.shared.surface import MessageGone
from core.conversations.context import remark
from core.conversations.reports import excerpt

log = structlog.get_logger(__name__)

PAGE = 100
"""Messages that one request gives at most ("Get Channel Messages" in Discord's reference)."""
RECENT = 86_400.0
"""Seconds before a question in which something must have been said to belong to it."""
LONGEST = 300
"""Characters of one message."""
MOST_CHANNELS = 1000
"""Channels that are followed; one that falls out is read again when somebody asks there."""
TITLE = "The newest messages in this channel, which were not meant for you:"


class Overhearing:
    """A channel is followed from the first question on that is asked in it."""

    def __init__(self, habits: Habits, read: Read, patience: Patience) -> None:
        self._habits = habits
        self._read = read
        self._patience = patience
        self._heard: dict[int, dict[int, Background]] = {}

    def hear(self, message: discord.Message, me: discord.abc.User) -> None:
        """*message*, new or edited, was not meant for the bot."""
        if (heard := self._heard.get(message.channel.id)) is not None:
            self._keep(heard, [message], me)

    def forget(self, channel: int, message: int) -> None:
        self._heard.get(channel, {}).pop(message, None)

    async def before(self, message: discord.Message, me: discord.abc.User) -> Background:
        """The background of a question; nothing where the one who asks may not read what was said, and where nothing was."""
        most = self._habits.overhear_in(message.channel)
        if not most or not _may_read(message):
            return NOTHING
        if (channel := message.channel.id) not in self._heard:
            await self._follow(message, me)
        since = discord.utils.time_snowflake(message.created_at) - (int(RECENT * 1000) << 22)
        heard = self._heard.get(channel, {})
        said = [heard[id_] for id_ in sorted(heard) if since < id_ < message.id][-most:]
        people = dict.fromkeys(person for one in said for person in one.people)
        return Background("\n".join([TITLE, *(one.text for one in said)]), tuple(people)) if said else NOTHING

    async def _follow(self, message: discord.Message, me: discord.abc.User) -> None:
        channel = message.channel.id
        path = f"/channels/{channel}/messages?before={message.id}&limit={PAGE}"
        try:
            found = await self._patience.patiently(lambda: self._read(channel, path))
        except (MessageGone, Refusal) as problem:
            log.info("discord.not_overheard", channel=channel, detail=str(problem))
            found = []
        said = [related(message, data) for data in found]
        heard = self._heard[channel] = {}
        self._keep(heard, [other for other in said if is_from_person(other) and not is_addressed(other, me)], me)
        if len(self._heard) > MOST_CHANNELS:
            del self._heard[next(iter(self._heard))]

    def _keep(self, heard: dict[int, Background], messages: Iterable[discord.Message], me: discord.abc.User) -> None:
        for message in messages:
            if words := excerpt(words_of(message, me), LONGEST):
                line = remark(message.author.display_name, words)
                heard[message.id] = Background(line, (person_of(message.author.id),))
        for oldest in sorted(heard)[:-PAGE]:
            del heard[oldest]


def _may_read(message: discord.Message) -> bool:
    channel, person = message.channel, message.author
    if not isinstance(person, discord.Member) or isinstance(channel, discord.PartialMessageable):
        return False
    if isinstance(channel, discord.Thread) and channel.parent is None:
        return False
    return channel.permissions_for(person).read_message_history
