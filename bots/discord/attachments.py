"""Files that people send along on Discord."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import discord

from bots.discord.api import Api
from bots.shared import attachments
from bots.shared.attachments import Attachment

PASTED = "message.txt"
"""What Discord's clients make of a text that is too long to be sent as a message."""


async def read(api: Api, files: Sequence[discord.Attachment], *, own: bool = False) -> list[str]:
    """A paragraph for the model about each file: its text, or that it cannot be read. *own*: of who asks; a text that
    was too long for a message is then what they say."""
    return list(await asyncio.gather(*(_paragraph(api, file, own=own) for file in files)))


async def _paragraph(api: Api, file: discord.Attachment, *, own: bool) -> str:
    if file.is_voice_message():
        return "[A voice message, which cannot be heard here.]"
    found = Attachment(file.filename, file.content_type or "", file.size, partial(api.download, file.url))
    return await attachments.read(found, bare=own and file.filename == PASTED)
