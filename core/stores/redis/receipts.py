"""`core.ports_sharing.Secrets` and `Receipts`. What each step changes stands in the Lua file of its name."""

from __future__ import annotations

from core.domain_sharing import Receipt, ReceiptState
from core.errors import LeaseLost
from core.stores.codec import RECEIPT_MEMORY, storable
from core.stores.redis.database import SECRETS, Database


class RedisReceipts:
    _database: Database

    async def secret(self, name: str, candidate: str) -> str:
        if candidate:
            await self._database.link.execute("HSETNX", SECRETS, storable(name), storable(candidate))
        return str(await self._database.link.execute("HGET", SECRETS, storable(name)) or "")

    async def open_receipt(self, key: str, digest: str, lease: float) -> Receipt:
        times = self._times(lease)
        state, value = await self._database.run("open_receipt", key, key, digest, *times)
        token = int(value) if state == ReceiptState.FRESH else 0
        return Receipt(ReceiptState(state), token, value if state == ReceiptState.DONE else "")

    async def renew_receipt(self, key: str, token: int, lease: float) -> None:
        _held(key, await self._database.run("renew_receipt", key, key, token, *self._times(lease)))

    async def close_receipt(self, key: str, token: int, body: str | None) -> None:
        expires = self._database.clock.now() + RECEIPT_MEMORY
        answered = () if body is None else (body,)
        _held(key, await self._database.run("close_receipt", key, key, token, expires, *answered))

    def _times(self, lease: float) -> tuple[float, float]:
        """When the lease is over, and when it is forgotten."""
        return self._database.time.now() + lease, self._database.clock.now() + RECEIPT_MEMORY


def _held(key: str, reply: int) -> None:
    if not reply:
        raise LeaseLost(f"receipt {key}")
