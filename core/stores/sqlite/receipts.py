"""`core.ports_sharing.Secrets` and `Receipts` in an SQLite file."""

from __future__ import annotations

from core.domain_sharing import Receipt, ReceiptState
from core.errors import LeaseLost
from core.stores.codec import RECEIPT_MEMORY, ReceiptRow, SecretRow
from core.stores.sqlite.database import Database, Session

_AT_ONCE = 1_000  # so that a sweep never keeps the writer long


class SqliteReceipts:
    _database: Database

    async def secret(self, name: str, candidate: str) -> str:
        return await self._database.write(lambda session: _secret(session, SecretRow(name, candidate)))

    async def open_receipt(self, key: str, digest: str, lease: float) -> Receipt:
        return await self._database.write(lambda session: _open(session, key, digest, lease))

    async def renew_receipt(self, key: str, token: int, lease: float) -> None:
        await self._database.write(lambda session: _change(session, key, token, until=session.steady + lease))

    async def close_receipt(self, key: str, token: int, body: str | None) -> None:
        await self._database.write(lambda session: _close(session, key, token, body))


def put_secret(session: Session, row: SecretRow) -> None:
    session.run("INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", row.name, row.value)


def _secret(session: Session, row: SecretRow) -> str:
    if row.value:
        put_secret(session, row)
    value: str | None = session.value("SELECT value FROM secrets WHERE name = ?", row.name)
    return value or ""


def _open(session: Session, key: str, digest: str, lease: float) -> Receipt:
    row = session.one("SELECT digest, until, body FROM receipts WHERE key = ? AND expires > ?", key, session.now)
    if row is not None:
        kept, until, body = row
        if kept != digest:
            return Receipt(ReceiptState.MISMATCH)
        if body is not None:
            return Receipt(ReceiptState.DONE, body=body)
        if until > session.steady:
            return Receipt(ReceiptState.RUNNING)
    return Receipt(ReceiptState.FRESH, _begin(session, key, digest, lease))


def _begin(session: Session, key: str, digest: str, lease: float) -> int:
    """The token."""
    token = session.token_above(session.value("SELECT token FROM receipts WHERE key = ?", key))
    session.run(
        "INSERT OR REPLACE INTO receipts (key, digest, token, until, expires) VALUES (?, ?, ?, ?, ?)",
        key,
        digest,
        token,
        session.steady + lease,
        session.now + RECEIPT_MEMORY,
    )
    return token


def _close(session: Session, key: str, token: int, body: str | None) -> None:
    _change(session, key, token, until=0.0)
    if body is None:
        session.run("DELETE FROM receipts WHERE key = ?", key)
    else:
        session.run("UPDATE receipts SET body = ? WHERE key = ?", body, key)


def _change(session: Session, key: str, token: int, *, until: float) -> None:
    """Raises LeaseLost where somebody else began it since. One that lapsed unnoticed is still the caller's."""
    changed = session.run(
        "UPDATE receipts SET until = ?, expires = ? WHERE key = ? AND token = ? AND body IS NULL",
        until,
        session.now + RECEIPT_MEMORY,
        key,
        token,
    )
    if not changed.rowcount:
        raise LeaseLost(f"receipt {key}")


def put_receipt(session: Session, row: ReceiptRow) -> None:
    session.run(
        """INSERT INTO receipts (key, digest, token, until, body, expires) VALUES (?, ?, 0, 0, ?, ?)
        ON CONFLICT (key) DO UPDATE SET body = COALESCE(body, excluded.body)""",
        row.key,
        row.digest,
        row.body,
        row.expires,
    )


def forget_receipts(session: Session) -> int:
    deleted = session.run(
        "DELETE FROM receipts WHERE seq IN (SELECT seq FROM receipts WHERE expires <= ? LIMIT ?)", session.now, _AT_ONCE
    )
    return deleted.rowcount
