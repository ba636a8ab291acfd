"""Keys that open the page or the API, and those who try to guess one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from hmac import compare_digest

from starlette.exceptions import HTTPException
from starlette.requests import Request

from bots.web.proxies import address_of, home_of
from core.config_platforms import WebClientConfig, WebConfig
from core.limits.rates import Rate
from core.ports import Permits

FROM_ONE = Rate(1 / 10, 5)
"""Guesses per second from one address, and at once: whoever mistypes a token tries again at most a few times."""
FROM_ALL = Rate(10, 100)
"""The same over all addresses and all processes: who has thousands of addresses does not guess thousands of times."""
MOST_KNOWN = 10_000
"""Addresses remembered for having shown a right key."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a key. client: None for the operator, who has the token."""

    client: WebClientConfig | None


class Entrance:
    """``await entrance.holder(address, key)``: whose key it is. Wrong ones are slowed down, per address and in all, by
    buckets that the processes on a store share; an address that has shown a right one waits for nobody."""

    def __init__(self, web: WebConfig, permits: Permits) -> None:
        token = web.token.get_secret_value()
        keys = [(client.key.get_secret_value(), Holder(client)) for client in web.clients]
        self._keys = [*([(token, Holder(None))] if token else []), *keys]
        self._permits = permits
        self._known: dict[str, None] = {}

    async def holder(self, address: str, key: str) -> Holder | None:
        """Raises HTTPException (429) for who has guessed too often, and StoreError."""
        home = home_of(address)
        was_known = home in self._known
        if not was_known:
            await self._draw(home)
        found = self._whose(key)
        if found is not None:
            self._remember(home)
        elif was_known:
            await self._draw(home)
        return found

    async def operates(self, request: Request) -> bool:
        """Whether the request shows the operator's token. Raises as `holder`."""
        key = bearer_of(request)
        holder = await self.holder(address_of(request), key) if key else None
        return holder is not None and holder.client is None

    def _whose(self, key: str) -> Holder | None:
        """Found out in the same time for any key: all are looked at, whatever they hold."""
        given = key.encode(errors="surrogateescape")
        matching = [holder for own, holder in self._keys if compare_digest(given, own.encode())]
        return matching[0] if matching else None

    def _remember(self, home: str) -> None:
        self._known.pop(home, None)
        self._known[home] = None
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]

    async def _draw(self, home: str) -> None:
        for bucket, rate in ((f"web:guesses/{home}", FROM_ONE), ("web:guesses", FROM_ALL)):
            pause = await self._permits.held(bucket)
            if pause == 0:  # who is held already owes nothing more for asking again
                pause, _ = await self._permits.draw(bucket, rate.per_second, rate.burst, 1)
                if pause > 0:
                    await self._permits.hold(bucket, pause)
            if pause > 0:
                self._known.pop(home, None)
                raise HTTPException(429, headers={"Retry-After": str(math.ceil(pause))})


def bearer_of(request: Request) -> str:
    """The key in the request's Authorization header; empty where there is none."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
