"""Files that people send along on Discord."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import discord

from bots.discord.api import Api
from bots.shared import attachments
from bots.shared.attachments import Attachment


async def read(api: Api, files: Sequence[discord.Attachment]) -> list[str]:
    """A paragraph for the model about each file: its text, or that it cannot be read."""
    return [
        await attachments.read(
            Attachment(file.filename, file.content_type or "", file.size, partial(api.download, file.url))
        )
        for file in files
    ]
