"""Answering what people press and invoke: Discord waits 3 seconds for that and shows it as failed otherwise."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import discord
import structlog

from bots.discord.api import Api, Refusal
from bots.discord.habits import Habits
from bots.discord.hooks import Hook
from bots.discord.translate import LANE, Place, person_of, roles_of, turn_of, with_names
from bots.shared.pacing import Permit
from bots.shared.split import utf16_units
from bots.shared.surface import File, MessageGone
from core.domain import ConversationId, Incoming, Sender
from core.errors import ChatError, StoreError, SurfaceUnavailable
from core.ports import Clock
from core.wording import Sentence, say

log = structlog.get_logger(__name__)

EPHEMERAL = 1 << 6
"""Message flag: visible only to whoever invoked it ("Message Flags" in Discord's reference)."""
LONGEST = 2000
"""Characters of a response's content; a longer one goes along as a file."""
ATTEMPTS = 2
"""A response that got lost is sent once more; there is no time for a third."""
AT_ONCE = 1.5
"""Seconds after which a response is announced instead of given: half of what Discord waits."""
Acknowledging = Callable[[Hook], Permit]
"""As `DiscordReplies.acknowledging`."""
DEFERRED = discord.InteractionResponseType.deferred_channel_message.value


@dataclass(frozen=True, slots=True)
class Callback:
    """An interaction's response as Discord takes it ("Interaction Response Object" in its reference)."""

    body: Mapping[str, Any]
    files: tuple[File, ...] = ()

    @property
    def is_deferred(self) -> bool:
        """Whether it says nothing yet: somebody else has the last word."""
        return bool(self.body["type"] == DEFERRED)


def place_of(interaction: discord.Interaction) -> Place:
    parent = getattr(interaction.channel, "parent_id", None)
    return Place(interaction.channel_id or 0, interaction.guild_id, parent)


def is_elsewhere(interaction: discord.Interaction) -> bool:
    """Whether the bot is not there itself, because the app is installed by its user alone; or nobody can say where."""
    if interaction.channel_id is None:
        return True
    if interaction.guild_id is not None:
        return interaction.client.get_guild(interaction.guild_id) is None
    return interaction.context.private_channel


def conversation_of(interaction: discord.Interaction, person: int, habits: Habits) -> ConversationId:
    """The conversation in which *person* speaks there. Where the bot is not, it is theirs alone."""
    place = place_of(interaction)
    if is_elsewhere(interaction):
        return ConversationId(f"discord:{place.channel}/{person}")
    return place.conversation(person, habits.scope_in(interaction.channel))


def incoming_of(interaction: discord.Interaction, habits: Habits) -> Incoming:
    """The invoking event, still without words."""
    place, user = place_of(interaction), interaction.user
    conversation = conversation_of(interaction, user.id, habits)
    return Incoming(
        event_id=turn_of(interaction.id),
        conversation=conversation,
        lane=LANE,
        sender=Sender(person_of(user.id), user.display_name, str(interaction.locale)),
        parts=(),
        sent_at=interaction.created_at.timestamp(),
        address={"channel": str(place.channel)},
        author=user.display_name if place.server is not None and "/" not in conversation else "",
        places=place.names,
        roles=roles_of(user),
    )


def said(text: str, interaction: discord.Interaction) -> str:
    """*text* that somebody typed for a command, with names for ids."""
    people = (person for person in (interaction.user, interaction.client.user) if person is not None)
    return with_names(text, people, interaction.guild)


def hook_of(interaction: discord.Interaction) -> Hook:
    pressed = interaction.message.id if interaction.message else ""
    webhook_only = is_elsewhere(interaction) or not _may_write(interaction)
    application, token = str(interaction.application_id), interaction.token
    return Hook(application, str(interaction.id), token, str(pressed), elsewhere=webhook_only)


def hooked(incoming: Incoming, interaction: discord.Interaction) -> Incoming:
    """A turn whose answer is the response to *interaction*, which is acknowledged by `deferred`; or where a button was
    pressed by `acknowledged`, the message above that button."""
    return replace(incoming, address={**incoming.address, **hook_of(interaction).address})


def _may_write(interaction: discord.Interaction) -> bool:
    if interaction.guild_id is None:
        return True
    may, in_thread = interaction.app_permissions, isinstance(interaction.channel, discord.Thread)
    return may.send_messages_in_threads if in_thread else may.send_messages


def message(
    text: str, *, flags: int = 0, files: Sequence[File] = (), components: Sequence[Mapping[str, Any]] = ()
) -> Callback:
    """A message as response. Text that is too long for one goes along as a file."""
    sent = tuple(files)
    if utf16_units(text) > LONGEST:
        sent, text = (File("answer.md", text.encode()), *sent), ""
    data: dict[str, Any] = {"content": text, "flags": flags, "allowed_mentions": {"parse": []}}
    if components:
        data["components"] = list(components)
    kind = discord.InteractionResponseType.channel_message.value
    return Callback({"type": kind, "data": data}, sent)


async def explained(work: Awaitable[Callback], language: str) -> Callback:
    """What *work* makes; or the sentence why it could not, for the one who invoked it alone."""
    try:
        return await work
    except ChatError as problem:
        return message(say(problem.sentence, language, **problem.values), flags=EPHEMERAL)
    except StoreError:
        return message(say(Sentence.STORE_AWAY_UNDONE, language), flags=EPHEMERAL)


def acknowledged() -> Callback:
    """Nothing to say: what was pressed shows its effect itself."""
    return Callback({"type": discord.InteractionResponseType.deferred_message_update.value})


def deferred(flags: int = 0) -> Callback:
    """The response follows, within the webhook's time."""
    return Callback({"type": DEFERRED, "data": {"flags": flags}})


async def answer(api: Api, interaction: discord.Interaction, callback: Callback) -> None:
    """Sends the response. One that cannot be sent is a line in the log: the user sees that it failed."""
    path = f"/interactions/{interaction.id}/{interaction.token}/callback"
    await _insist(api, "POST", path, callback)


class Responses:
    """Responses that may take longer than Discord waits."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    async def give(
        self, interaction: discord.Interaction, work: Coroutine[Any, Any, Callback], *, private: bool
    ) -> None:
        """What *work* makes, `explained`. private: only the one who invoked it sees it; else that holds only for its
        sentences, and what *work* defers is seen by all."""
        if late := await self._late(interaction, work, deferred(EPHEMERAL if private else 0)):
            await self._complete(interaction, late, private=private)

    async def react(self, interaction: discord.Interaction, work: Coroutine[Any, Any, Callback]) -> None:
        """The same for a button, which shows its effect itself: what *work* says, only the one who pressed it sees."""
        if (late := await self._late(interaction, work, acknowledged())) and "data" in late.body:
            path = f"{hook_of(interaction).path}?wait=true"
            await _insist(self._api, "POST", path, Callback(late.body["data"], late.files))

    async def _late(
        self, interaction: discord.Interaction, work: Coroutine[Any, Any, Callback], waiting: Callback
    ) -> Callback | None:
        """Responds with what *work* makes. Where that takes too long, *waiting* is the response, and it is returned."""
        async with asyncio.TaskGroup() as group:
            making = group.create_task(explained(work, str(interaction.locale)), name=f"interaction {interaction.id}")
            with suppress(TimeoutError):
                async with self._clock.watchdog(AT_ONCE):
                    await asyncio.wait({making})
            if making.done():
                await answer(self._api, interaction, making.result())
                return None
            await answer(self._api, interaction, waiting)
            return await making

    async def _complete(self, interaction: discord.Interaction, made: Callback, *, private: bool) -> None:
        hook = hook_of(interaction)
        original = f"{hook.path}/messages/@original"
        if made.is_deferred:
            return
        said = dict(made.body["data"])
        if private:
            del said["flags"]  # what is announced for one person stays so
            await _insist(self._api, "PATCH", original, Callback(said, made.files))
        else:
            await _insist(self._api, "DELETE", original, None)
            await _insist(self._api, "POST", f"{hook.path}?wait=true", Callback(said, made.files))


async def _insist(api: Api, method: str, path: str, callback: Callback | None) -> None:
    body, files = (callback.body, callback.files) if callback else (None, ())
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await api.call(method, path, body, files)
        except SurfaceUnavailable as problem:
            log.warning("interaction.unanswered", attempt=attempt, detail=str(problem))
        except (Refusal, MessageGone) as problem:
            log.warning("interaction.refused", detail=str(problem))
            return
        else:
            return
