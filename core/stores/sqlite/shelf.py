"""`core.ports_sharing.Shelf` in an SQLite file, and deleting conversations."""

from __future__ import annotations

from core.domain import ConversationId, PersonId
from core.domain_sharing import Found, Shelved
from core.stores.codec import USAGE, ShelfRow, removed
from core.stores.searching import Words, search
from core.stores.sqlite import messages, voices
from core.stores.sqlite.database import Database, Session
from core.stores.sqlite.wake import Wake

_ROWS_OF_A_CONVERSATION = ("messages", "refs", "ledger", "failures", "turns", "shelf")
_NOBODYS = removed(0)
_AT_ONCE = 1_000  # so that a sweep never keeps the writer long


class SqliteShelf:
    _database: Database
    _wake: Wake

    async def shelve(self, owner: PersonId, conversation: ConversationId, title: str, *, rename: bool = False) -> None:
        await self._database.write(
            lambda session: (
                _rename(session, owner, conversation, title)
                if rename
                else put_shelved(session, ShelfRow(owner, conversation, title, session.now))
            )
        )

    async def shelf(self, owner: PersonId) -> tuple[Shelved, ...]:
        return await self._database.read(lambda session: tuple(_shelf(session, owner)))

    async def search(self, owner: PersonId, words: str, limit: int) -> tuple[Found, ...]:
        wanted = Words(words)

        async def look(conversation: ConversationId, most: int) -> tuple[int, str | None]:
            return await self._database.read(lambda session: _look(session, conversation, most, wanted))

        return await search(await self.shelf(owner), wanted, limit, look)

    async def remove(self, owner: PersonId, conversation: ConversationId) -> int:  # noqa: ARG002  # one file has all rows
        rows = await self._database.write(lambda session: remove(session, conversation))
        await self._database.wipe()
        self._wake.changed()
        return rows


def put_shelved(session: Session, row: ShelfRow) -> None:
    session.run(
        """INSERT INTO shelf (owner, conversation, title, at) VALUES (?, ?, ?, ?)
        ON CONFLICT (owner, conversation) DO UPDATE
        SET title = IIF(title = '', excluded.title, title), at = MAX(at, excluded.at)""",
        row.owner,
        row.conversation,
        row.title,
        row.at,
    )


def load_shelved(session: Session, row: ShelfRow) -> None:
    put_shelved(session, row)
    _rename(session, row.owner, row.conversation, row.title)


def _rename(session: Session, owner: PersonId, name: ConversationId, title: str) -> None:
    session.run("UPDATE shelf SET title = ? WHERE owner = ? AND conversation = ?", title, owner, name)


def _shelf(session: Session, owner: PersonId) -> list[Shelved]:
    rows = session.all("SELECT conversation, title, at FROM shelf WHERE owner = ? ORDER BY at DESC, seq DESC", owner)
    return [Shelved(*row) for row in rows]


def _look(session: Session, name: ConversationId, limit: int, words: Words) -> tuple[int, str | None]:
    rows = session.all(
        "SELECT body FROM messages WHERE conversation = ? ORDER BY position DESC, seq DESC LIMIT ?", name, limit
    )
    return len(rows), words.first_excerpt(words.likely(body for (body,) in rows))


def remove(session: Session, name: ConversationId) -> int:
    """As `core.ports_sharing.Shelf.remove`."""
    _count_as_nobodys(session, name)
    session.run(
        "UPDATE events SET ended = ? WHERE turn IN (SELECT id FROM turns WHERE conversation = ?)", session.now, name
    )
    return forget(session, name)


def _count_as_nobodys(session: Session, name: ConversationId) -> None:
    for day, body in session.all("SELECT day, body FROM ledger WHERE conversation = ?", name):
        messages.touch(session, _NOBODYS)
        messages.count(session, _NOBODYS, day, USAGE.decode(body))


def forget(session: Session, name: ConversationId) -> int:
    """Deletes every row of a conversation; how many."""
    rows = session.run("DELETE FROM conversations WHERE id = ?", name).rowcount
    voices.forget(session, name)
    for table in _ROWS_OF_A_CONVERSATION:
        rows += session.run(f"DELETE FROM {table} WHERE conversation = ?", name).rowcount  # noqa: S608  # our own names
    return rows


def forget_shelved(session: Session, ttl: float) -> int:
    deleted = session.run(
        "DELETE FROM shelf WHERE seq IN (SELECT seq FROM shelf WHERE at <= ? LIMIT ?)", session.now - ttl, _AT_ONCE
    )
    return deleted.rowcount
