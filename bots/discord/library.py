"""The only place that depends on the insides of discord.py: where its requests and its gateway go, and how it is built.

`tests/bots/test_discord_library.py` fails when a new version changes what is used here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
import discord
import structlog
import yarl
from discord import gateway
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from discord.http import Route

from bots.shared.surface import SurfaceRefused
from core.errors import SurfaceUnavailable
from core.tasks import cancelled

log = structlog.get_logger(__name__)

UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
"""What the library raises where Discord says something that it does not expect."""
SILENCE = 60.0
"""Seconds without a word from the gateway, which acknowledges a heartbeat about every 41 ("Sending Heartbeats" in Discord's
reference), until the connection is taken for dead and the session resumed over another one."""
MISSED = 1.5
"""Intervals between heartbeats after which that is so where they are wanted oftener: one was not acknowledged."""
SOONEST = 10.0
"""Seconds before which it is not: the library itself does not listen for 5 while it waits to begin another session."""
REVOKED = 4004
"""What the gateway closes a connection with whose token holds no more ("Gateway Close Event Codes" in the reference)."""
READY = "READY"
"""The event without which there is no session."""
THREADS = frozenset(kind.value for kind in discord.ChannelType if "thread" in kind.name)
"""The numbers of the kinds of channel that are threads."""

Handler = Callable[..., Awaitable[None]]
WRONG_TOKEN = "Discord does not know this token: copy it again from the Bot page of the developer portal"  # noqa: S105  # a sentence, not a token


class IntentRefused(SurfaceRefused):
    """The message-content intent is not for this bot, whatever Discord's own interface says of it."""


class Pulse(KeepAliveHandler):
    """The library knows one patience for every interval that a gateway may ask for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.interval is not None:
            self.heartbeat_timeout = min(self.heartbeat_timeout, max(SOONEST, MISSED * self.interval))


def point(api_url: str, gateway_url: str) -> None:
    """All clients of this process talk to these addresses from now on; the library keeps them on its classes."""
    Route.BASE = api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
    gateway.KeepAliveHandler = Pulse  # type: ignore[misc]  # the library names it there and nowhere else


@dataclass(frozen=True, slots=True)
class Shards:
    """Which of the bot's *total* connections to the gateway this process holds: from *first* to *last*."""

    total: int
    first: int
    last: int

    def __str__(self) -> str:
        return f"shards {self.first} to {self.last} of {self.total}"


class Client(discord.AutoShardedClient):
    """Keeps next to nothing: what has to be remembered is in the store.

    content: whether messages come with their text where the bot is not mentioned.
    """

    def __init__(self, shards: Shards, *, content: bool, presence: str) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=content)
        super().__init__(
            intents=intents,
            shard_count=shards.total,
            shard_ids=list(range(shards.first, shards.last + 1)),
            heartbeat_timeout=SILENCE,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            activity=discord.CustomActivity(presence) if presence else None,
        )
        parsers = self._connection.parsers
        parsers |= {event: partial(_read, event, parser) for event, parser in parsers.items() if event != READY}
        self._handling: dict[asyncio.Task[None] | None, None] = {}
        self._left = False

    @property
    def me(self) -> discord.ClientUser:
        """Known before anything is heard."""
        assert self.user is not None  # noqa: S101  # for the type: logging in comes before listening
        return self.user

    def hear(self, event: str, handler: Handler) -> None:
        """*event*: the library's name of it, such as ``message``."""

        async def handled(*args: object) -> None:
            if self._left:
                return  # heard as the connection closed: it is another process's, or found when it is caught up
            task = asyncio.current_task()
            self._handling[task] = None
            try:
                await handler(*args)
            finally:
                del self._handling[task]

        setattr(self, f"on_{event}", handled)

    def message(self, channel: discord.abc.MessageableChannel, data: Any) -> discord.Message:
        """A message of *channel* as a request gave it. Raises UNREADABLE, as does `thread`."""
        return self._connection.create_message(channel=channel, data=data)

    def thread(self, server: int, data: Any) -> discord.Thread | None:
        """A channel of *server* as a request gave it; None where it is no thread, or one of a channel that is not known."""
        guild = self.get_guild(server)
        if guild is None or data["type"] not in THREADS or guild.get_channel(int(data["parent_id"])) is None:
            return None
        return discord.Thread(guild=guild, state=self._connection, data=data)

    async def serve(self, token: str) -> None:
        """Until it is closed; reconnects and resumes by itself. Raises IntentRefused, SurfaceRefused for what only the
        operator can mend, SurfaceUnavailable when Discord cannot be reached at all."""
        try:
            await self.login(token)
            await self.connect()
        except discord.LoginFailure as problem:
            raise SurfaceRefused(WRONG_TOKEN) from problem
        except discord.PrivilegedIntentsRequired as problem:
            raise IntentRefused("Discord refused the message-content intent") from problem
        except discord.ConnectionClosed as problem:
            other = f"Discord closed the connection with code {problem.code}"
            raise SurfaceRefused(WRONG_TOKEN if problem.code == REVOKED else other) from problem
        except (discord.DiscordException, aiohttp.ClientError, OSError) as problem:
            raise SurfaceUnavailable(f"Discord cannot be reached: {problem}") from problem
        except UNREADABLE as problem:
            raise SurfaceUnavailable(f"discord.py cannot read an event: {problem!r}") from problem
        finally:
            await asyncio.shield(self.close())
            self._left = True
            self._forget_waiting()
            await self._end_handling()

    async def _end_handling(self) -> None:
        """The library leaves those tasks running, too; what they did not get done is found when it is caught up."""
        await cancelled(*(task for task in self._handling if task is not None))

    def _forget_waiting(self) -> None:
        """The library leaves the tasks running that wait for servers to arrive."""
        state = self._connection
        for task in (state._ready_task, *state._ready_tasks.values()):  # noqa: SLF001  # there is no other way to them
            if task is not None:
                task.cancel()


def _read(event: str, parser: Callable[[Any], None], data: Any) -> None:
    """One event that the library cannot read is left out; it would take the whole connection down with it, and one that
    comes with each new session would do so for ever."""
    try:
        parser(data)
    except UNREADABLE as problem:
        log.warning("discord.event_unreadable", told=event, detail=repr(problem))


def message_from(interaction: discord.Interaction, data: Any) -> discord.Message:
    """The message that an interaction carries, or that Discord gave when asked for it. Raises LookupError and TypeError
    for what is none."""
    state = interaction._state  # noqa: SLF001  # the library builds messages for its own commands only
    channel: Any = interaction.channel
    return discord.Message(state=state, channel=channel, data=data)


def related(message: discord.Message, data: Any) -> discord.Message:
    """A message that a request gave, in the same server as *message*."""
    return discord.Message(state=message._state, channel=message.channel, data=data)  # noqa: SLF001  # as above


def role_ids(person: discord.abc.User) -> tuple[int, ...]:
    """Those of a member, also in a server that the library knows nothing of."""
    return tuple(person._roles) if isinstance(person, discord.Member) else ()  # noqa: SLF001  # it gives those it knows


def _in_one_line(record: logging.LogRecord) -> bool:
    """That a connection broke and is made again is news, and no fault whose way through the code matters."""
    if record.exc_info:
        record.msg, record.args, record.exc_info = f"{record.getMessage()}: {record.exc_info[1]!r}", (), None
    return True


def quiet() -> None:
    """Its own lines are for its developers; what the operator needs to know is said by us."""
    logging.getLogger("discord").setLevel(logging.ERROR)
    logging.getLogger("discord.shard").addFilter(_in_one_line)
