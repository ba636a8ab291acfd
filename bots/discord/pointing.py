"""Commands on a message: asking about it, and going on from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import discord

from bots.discord import attachments
from bots.discord.api import Api, Refusal
from bots.discord.commands import put
from bots.discord.contents import files_of
from bots.discord.habits import Habits
from bots.discord.interactions import (
    EPHEMERAL,
    Callback,
    Responses,
    answer,
    hook_of,
    hooked,
    incoming_of,
    is_elsewhere,
    message,
    said,
)
from bots.discord.library import message_from
from bots.discord.menu import ABOUT, BRANCH
from bots.discord.stream import DiscordReplies
from bots.discord.translate import NOTHING, quotation, ref_of, with_backgrounds
from bots.shared.platform import Desk
from bots.shared.surface import MessageGone
from core.conversations.reports import excerpt
from core.domain import Incoming, Message, TextPart
from core.errors import SurfaceUnavailable
from core.wording import Sentence, say

ASKING = "parlour:about"
QUESTION = "question"
MODAL = 9
"""Type of a response ("Interaction Callback Type" in Discord's reference)."""
LABEL, TEXT_INPUT, PARAGRAPH = 18, 4, 2
"""Types of modal components and the style of an input, from "Component Reference"."""
LONGEST_QUESTION = 4000
"""Characters of an input at most, from the same page."""
MOST_POINTED = 1000
"""Messages remembered while somebody types a question about them."""


class MessageCommands:
    """What is chosen in a message's menu."""

    def __init__(self, api: Api, desk: Desk, habits: Habits, replies: DiscordReplies) -> None:
        self._api = api
        self._desk = desk
        self._habits = habits
        self._replies = replies
        self._responses = Responses(api, desk.clock)
        self._pointed: dict[tuple[int, str], discord.Message] = {}

    def heard(self, interaction: discord.Interaction) -> None:
        """Remembers the message that somebody points at: the form may come back to another process than the one that shows
        it, and Discord shows it to nobody again where the bot is not."""
        data: Any = interaction.data or {}
        carried = data.get("resolved", {}).get("messages", {}).get(str(data.get("target_id", "")))
        if carried and data.get("name") == say(ABOUT, "en"):
            self._remember(interaction, message_from(interaction, carried))

    async def invoked(self, interaction: discord.Interaction) -> None:
        data: Any = interaction.data or {}
        target, incoming = str(data.get("target_id", "")), incoming_of(interaction, self._habits)
        if data.get("name") == say(ABOUT, "en"):
            await answer(self._api, interaction, _form(target, incoming.sender.language))
        elif data.get("name") == say(BRANCH, "en"):
            await self._responses.give(interaction, self._branched(target, incoming), private=True)
        else:
            sentence = say(Sentence.UNKNOWN_COMMAND, incoming.sender.language, command=excerpt(str(data.get("name"))))
            await answer(self._api, interaction, message(sentence, flags=EPHEMERAL))

    async def submitted(self, interaction: discord.Interaction) -> None:
        """Somebody sent the form in which they were asked for their question."""
        async with self._replies.acknowledging(hook_of(interaction)):
            await self._responses.give(interaction, self._asked(interaction), private=False)

    async def _asked(self, interaction: discord.Interaction) -> Callback:
        data: Any = interaction.data or {}
        target = str(data.get("custom_id", "")).removeprefix(f"{ASKING}:")
        incoming = hooked(incoming_of(interaction, self._habits), interaction)
        pointed = self._pointed.pop((interaction.user.id, target), None) or await self._fetched(interaction, target)
        me, language = interaction.client.user, incoming.sender.language
        if pointed is None or me is None:
            return message(say(Sentence.DISCORD_MESSAGE_FORGOTTEN, language), flags=EPHEMERAL)
        typed = said(next(_typed(data.get("components", [])), ""), interaction)
        files = await attachments.read(self._api, files_of(pointed))
        asked = replace(
            incoming,
            parts=tuple(map(TextPart, (typed or say(Sentence.DISCORD_EXPLAIN, language), *files))),
            address={**incoming.address, "about": _link(interaction, target)},
        )
        return await put(self._desk, with_backgrounds(asked, [quotation(pointed, me)], NOTHING))

    async def _fetched(self, interaction: discord.Interaction, target: str) -> discord.Message | None:
        """After a restart the message is known to Discord alone."""
        channel = interaction.channel_id
        if is_elsewhere(interaction) or channel is None or not target.isdigit():
            return None
        try:
            found = await self._replies.read(channel, f"/channels/{channel}/messages/{target}")
        except (Refusal, MessageGone, SurfaceUnavailable):
            return None
        return message_from(interaction, found)

    async def _branched(self, target: str, incoming: Incoming) -> Callback:
        language = incoming.sender.language
        await self._desk.commands.admit(incoming)
        kept = await self._kept(target, incoming)
        if kept is None:
            return message(say(Sentence.BRANCH_NOTHING, language), flags=EPHEMERAL)
        await self._desk.store.move(incoming.conversation, kept.id)
        return message(say(Sentence.BRANCH_DONE, language, message=excerpt(kept.text)), flags=EPHEMERAL)

    async def _kept(self, target: str, incoming: Incoming) -> Message | None:
        """The message of the conversation that is shown as *target*."""
        store, at = self._desk.store, incoming.conversation
        if not target.isdigit():
            return None
        shown = await store.shown_as(at, ref_of(int(incoming.address["channel"]), int(target)))
        return await store.message(at, shown) if shown else None

    def _remember(self, interaction: discord.Interaction, pointed: discord.Message) -> None:
        self._pointed[interaction.user.id, str(pointed.id)] = pointed
        if len(self._pointed) > MOST_POINTED:
            del self._pointed[next(iter(self._pointed))]


def _form(target: str, language: str) -> Callback:
    field = {
        "type": TEXT_INPUT,
        "custom_id": QUESTION,
        "style": PARAGRAPH,
        "required": False,
        "max_length": LONGEST_QUESTION,
        "placeholder": say(Sentence.DISCORD_EXPLAIN, language),
    }
    labelled = {"type": LABEL, "label": say(Sentence.DISCORD_ABOUT_LABEL, language), "component": field}
    title = say(ABOUT, language)
    return Callback(
        {"type": MODAL, "data": {"custom_id": f"{ASKING}:{target}", "title": title, "components": [labelled]}}
    )


def _typed(parts: Sequence[Any]) -> Iterator[str]:
    """The values of a form's inputs, in whatever they are wrapped."""
    for part in parts:
        inner = [part["component"]] if "component" in part else part.get("components", [])
        yield from _typed(inner)
        if part.get("custom_id") == QUESTION:
            yield str(part.get("value") or "")


def _link(interaction: discord.Interaction, target: str) -> str:
    """As Discord's own clients make it ("Copy Message Link")."""
    return f"https://discord.com/channels/{interaction.guild_id or '@me'}/{interaction.channel_id}/{target}"
