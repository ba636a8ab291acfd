"""What a message holds besides its own text, in words: a model reads nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import discord

Shown = discord.Message | discord.MessageSnapshot


def files_of(message: discord.Message) -> list[discord.Attachment]:
    """Its own and those of what it forwards."""
    return [*message.attachments, *forwarded_files(message)]


def forwarded_files(message: discord.Message) -> list[discord.Attachment]:
    return [file for shown in message.message_snapshots for file in shown.attachments]


def is_worded(message: discord.Message) -> bool:
    """Whether there is something in it to answer: a sticker asks nothing, and what the bot may not see is empty."""
    return bool(message.content.strip() or message.attachments or message.message_snapshots or message.poll)


def described(message: Shown) -> str:
    """What people see where there is no text: a line or a few for each thing."""
    return "\n".join(
        [*_embeds(message), *extras(message), *(f"[The file {_line(file.filename)}]" for file in message.attachments)]
    )


def extras(message: Shown) -> Iterator[str]:
    """Its stickers and its poll."""
    yield from (f"[The sticker {_line(sticker.name)}]" for sticker in message.stickers)
    poll = message.poll if isinstance(message, discord.Message) else None
    if poll is not None:
        answers = "".join(f"\n- {_line(answer.text)}" for answer in poll.answers)
        yield f"[A poll] {_line(str(poll.question))}{answers}"


def _embeds(message: Shown) -> Iterator[str]:
    for embed in message.embeds:
        fields = (f"{field.name}: {field.value}" for field in embed.fields)
        yield from filter(None, (embed.author.name, embed.title, embed.description, *fields))


def _line(text: str) -> str:
    return " ".join(text.split())
