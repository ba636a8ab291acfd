"""Text that is kept sealed: whoever reads a store's bytes without the key learns nothing of what people said."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.domain import Conversation, Incoming, Message, Part, Record, Turn
from core.errors import StoreError
from core.stores import codec
from core.stores.codec import Codec, storable

_MARK = "\x01sealed "
"""Stands before sealed text; what has none was kept before there was a key."""
_SEALED = "sealed"
"""The only key of a mapping that is sealed."""
_KEY_BYTES = 32


class Seal:
    """keys: texts that nobody can guess, the newest first. The first one seals, any of them opens."""

    def __init__(self, keys: Sequence[str]) -> None:
        each = [Fernet(_derived(key)) for key in keys]
        self._keys = MultiFernet(each)
        self._newest = each[0]

    def close(self, text: str) -> str:
        return _MARK + self._keys.encrypt(storable(text).encode()).decode() if text else ""

    def open(self, text: str) -> str:
        """Raises StoreError for what another key sealed."""
        if not text.startswith(_MARK):
            return text
        try:
            return self._keys.decrypt(text.removeprefix(_MARK).encode()).decode()
        except InvalidToken:
            raise StoreError("The store holds text that none of the keys under `privacy` opens.") from None

    def opens(self, text: str) -> bool:
        return _opens(self._keys, text)

    def is_by_newest(self, text: str) -> bool:
        """Whether it is the first key that sealed *text*."""
        return _opens(self._newest, text)


def _opens(keys: Fernet | MultiFernet, text: str) -> bool:
    try:
        keys.decrypt(text.removeprefix(_MARK).encode())
    except InvalidToken:
        return False
    return True


def _derived(key: str) -> bytes:
    found = HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"parlour: text at rest").derive(key.encode())
    return base64.urlsafe_b64encode(found)


class Rewriting:
    """Domain values with *text* done to everything in them that people or models said."""

    def __init__(self, text: Callable[[str], str]) -> None:
        self.text = text

    def incoming(self, incoming: Incoming) -> Incoming:
        return replace(
            incoming,
            parts=self._parts(incoming.parts),
            background=self.text(incoming.background),
            overheard=self.text(incoming.overheard),
            sampling=self._sampling(incoming.sampling),
        )

    def message(self, message: Message) -> Message:
        return replace(message, parts=self._parts(message.parts), background=self.text(message.background))

    def conversation(self, conversation: Conversation) -> Conversation:
        failed = conversation.failed
        return conversation if failed is None else replace(conversation, failed=self.incoming(failed))

    def turn(self, turn: Turn) -> Turn:
        return replace(turn, incoming=self.incoming(turn.incoming), conversation=self.conversation(turn.conversation))

    def record(self, record: Record) -> Record:
        """What a copy is made of."""
        if record.kind not in _RECORDS:
            return record
        rows, rewrite = _RECORDS[record.kind]
        return replace(record, value=rows.encode(rewrite(self, rows.decode(record.value))))

    def _sampling(self, sampling: Mapping[str, Any]) -> Mapping[str, Any]:
        """Sealed as one text, names and numbers too."""
        if _SEALED in sampling:
            opened: dict[str, Any] = json.loads(self.text(sampling[_SEALED]))
            return opened
        text = self.text(json.dumps(sampling)) if sampling else ""
        return {_SEALED: text} if text.startswith(_MARK) else sampling

    def _parts(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        return tuple(replace(part, text=self.text(part.text)) for part in parts)


_RECORDS: dict[str, tuple[Codec[Any], Callable[[Rewriting, Any], Any]]] = {
    codec.CONVERSATION_RECORD: (codec.CONVERSATION, Rewriting.conversation),
    codec.MESSAGE_RECORD: (codec.MESSAGE_ROW, lambda to, row: replace(row, message=to.message(row.message))),
    codec.SHELF_RECORD: (codec.SHELF_ROW, lambda to, row: replace(row, title=to.text(row.title))),
    codec.RECEIPT_RECORD: (codec.RECEIPT_ROW, lambda to, row: replace(row, body=to.text(row.body or "") or row.body)),
    codec.TURN_RECORD: (codec.TURN_ROW, lambda to, row: replace(row, incoming=to.incoming(row.incoming))),
}
