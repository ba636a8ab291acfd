"""``python -m bots people``: what is kept of one person, in a file for them, or deleted."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bots import wiring
from bots.output import complain, put
from bots.shared.files import create
from core.config import Config
from core.config_text import plain
from core.conversations.dossier import dossier
from core.domain import PersonId
from core.wording import Sentence, filled, say

_OWNER_ONLY = 0o600
_ID_CELL = 200


async def export(config: Config, person: PersonId, file: Path) -> int:
    """Everything about *person* into a new *file* that its owner alone can read; 1 if there is nothing. Raises StoreError
    and OSError."""
    async with wiring.store(config) as store:
        found = await dossier(store, person, wiring.clock().now())
    if found.empty:
        return _unknown(person)
    await asyncio.to_thread(create, file, found.document.content, _OWNER_ONLY)
    held = "{file} has {conversations:conversation|conversations} and {messages:message|messages}"
    put(filled(held, {"file": file, "conversations": found.conversations, "messages": found.messages}))
    return 0


async def forget(config: Config, person: PersonId, *, sure: bool) -> int:
    """Deletes everything about *person*, once that is confirmed; 1 if it is not, or if there is nothing. *sure*: it is
    already. Raises StoreError."""
    async with wiring.store(config) as store:
        conversations = await store.voices(person)
        if not (sure or await asyncio.to_thread(_is_confirmed, person, len(conversations))):
            return 1
        rows = await store.forget_person(person, say(Sentence.MESSAGE_DELETED, "en"))
    if not rows:
        return _unknown(person)
    put(filled("{who} is forgotten: {rows:entry is|entries are} deleted", {"who": _shown(person), "rows": rows}))
    return 0


def _is_confirmed(person: PersonId, conversations: int) -> bool:
    if not sys.stdin.isatty():
        complain("people forget: nobody can be asked here, so it takes --yes")
        return False
    asked = "This deletes everything about {who}, in {conversations:conversation|conversations}, for good. Type yes to go on:"
    put(filled(asked, {"who": _shown(person), "conversations": conversations}))
    return sys.stdin.readline().strip().casefold() == "yes"


def _unknown(person: PersonId) -> int:
    complain(f"people: nothing is kept of {_shown(person)}")
    return 1


def _shown(person: PersonId) -> str:
    return plain(person, _ID_CELL)
