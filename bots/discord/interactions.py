"""Answering what people press and invoke: Discord waits 3 seconds for that and shows it as failed otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import discord
import structlog

from bots.discord.api import Api, Refusal
from bots.discord.habits import Habits
from bots.discord.translate import LANE, Place, person_of, turn_of
from bots.shared.split import utf16_units
from bots.shared.surface import File, MessageGone
from core.domain import Incoming, Sender
from core.errors import SurfaceUnavailable

log = structlog.get_logger(__name__)

EPHEMERAL = 1 << 6
"""Message flag: visible only to whoever invoked it ("Message Flags" in Discord's reference)."""
LONGEST = 2000
"""Characters of a response's content; a longer one goes along as a file."""
ATTEMPTS = 2
"""A response that got lost is sent once more; there is no time for a third."""


@dataclass(frozen=True, slots=True)
class Callback:
    """An interaction's response as Discord takes it ("Interaction Response Object" in its reference)."""

    body: Mapping[str, Any]
    files: tuple[File, ...] = ()


def place_of(interaction: discord.Interaction) -> Place:
    return Place(interaction.channel_id or 0, interaction.guild_id)


def incoming_of(interaction: discord.Interaction, habits: Habits) -> Incoming:
    """The invoking event, still without words."""
    place, user, scope = place_of(interaction), interaction.user, habits.scope_in(interaction.channel)
    return Incoming(
        event_id=turn_of(interaction.id),
        conversation=place.conversation(user.id, scope),
        lane=LANE,
        sender=Sender(person_of(user.id), user.display_name, str(interaction.locale)),
        parts=(),
        sent_at=interaction.created_at.timestamp(),
        address={"channel": str(place.channel)},
        author=user.display_name if place.server is not None and scope != "member" else "",
    )


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


def acknowledged() -> Callback:
    """Nothing to say: what was pressed shows its effect itself."""
    return Callback({"type": discord.InteractionResponseType.deferred_message_update.value})


async def answer(api: Api, interaction: discord.Interaction, callback: Callback) -> None:
    """Sends the response. One that cannot be sent is a line in the log: the user sees that it failed."""
    path = f"/interactions/{interaction.id}/{interaction.token}/callback"
    for attempt in range(1, ATTEMPTS + 1):
        try:
            await api.call("POST", path, callback.body, callback.files)
        except SurfaceUnavailable as problem:
            log.warning("interaction.unanswered", attempt=attempt, detail=str(problem))
        except (Refusal, MessageGone) as problem:
            log.warning("interaction.refused", detail=str(problem))
            return
        else:
            return
