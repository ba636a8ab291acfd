"""What a message holds besides its text, in words: a model reads nothing else."""

from __future__ import annotations

from telegram import Bot, Document, Message

from bots.shared import attachments
from bots.shared.attachments import Attachment
from bots.shared.patience import Patience
from bots.shared.surface import MessageGone, SurfaceRefused
from bots.telegram.library import attempt, download
from bots.telegram.translate import words_of
from core.errors import SurfaceClosed, SurfaceUnavailable

KINDS = {
    "animation": "An animation",
    "photo": "A photo",
    "video": "A video",
    "audio": "An audio file",
    "voice": "A voice message",
}
"""What a caption may stand under, beside documents. Telegram gives an animation as a document too."""
FETCHING = 5.0
"""Seconds in which a file is there or not: what others say is not received meanwhile."""


def is_said(message: Message) -> bool:
    """Whether somebody sent something: Telegram also makes messages of its own, such as that something was pinned."""
    return bool(words_of(message)) or message.effective_attachment is not None


async def contents(message: Message, bot: Bot, patience: Patience) -> list[str]:
    """A paragraph for the model about what came along. What came without words asks nothing, unless it can be read."""
    kind = next((named for name, named in KINDS.items() if getattr(message, name)), None)
    if kind is not None:
        return [f"[{kind} came along, which cannot be seen or heard here.]"] if words_of(message) else []
    return [await _read(message.document, bot, patience)] if message.document else []


async def _read(document: Document, bot: Bot, patience: Patience) -> str:
    async def fetch(most: int) -> bytes:
        try:
            content = await patience.briefly(FETCHING, lambda: _downloaded(document, bot))
        except (SurfaceRefused, SurfaceClosed, MessageGone) as problem:
            raise SurfaceUnavailable(str(problem)) from problem
        return content[:most]

    name, size = document.file_name or "without a name", document.file_size or 0
    return await attachments.read(Attachment(name, document.mime_type or "", size, fetch))


async def _downloaded(document: Document, bot: Bot) -> bytes:
    return await download(await attempt(bot.get_file(document.file_id)))
