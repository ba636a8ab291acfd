"""Keys that open the page or the API, and those who try to guess one."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from hmac import compare_digest
from typing import Protocol
from weakref import WeakValueDictionary

from starlette.exceptions import HTTPException
from starlette.requests import Request

from bots.web.proxies import address_of, home_of
from core.config_platforms import WebClientConfig, WebConfig
from core.domain_limits import Pace, Whose
from core.limits.rates import Rate
from core.ports import Chance, Permits
from core.ports_limits import Paces

FROM_ONE = Rate(1 / 10, 5)
"""Guesses per second from one address, and at once: whoever mistypes a token tries again at most a few times."""
FROM_ALL = Rate(10, 100)
"""The same over all addresses and all processes: who has thousands of addresses does not guess thousands of times."""
MOST_KNOWN = 10_000
"""Right keys remembered with the address from which they were shown."""


class Counted(Permits, Paces, Protocol):
    """What is counted over all processes on a store."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a key. client: None for the operator, who has the token."""

    client: WebClientConfig | None


class Entrance:
    """``await entrance.holder(address, key)``: whose key it is. Guesses are slowed down, per address and in all, by paces
    that the processes on a store share; a right key is none. Who has shown a right key from an address goes on showing it
    there, whatever others behind the same address do."""

    def __init__(self, web: WebConfig, counted: Counted, chance: Chance) -> None:
        token = web.token.get_secret_value()
        keys = [(client.key.get_secret_value(), Holder(client)) for client in web.clients]
        self._keys = [*([(token, Holder(None))] if token else []), *keys]
        self._counted = counted
        self._chance = chance
        self._known: dict[tuple[str, Holder], None] = {}
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def holder(self, address: str, key: str) -> Holder | None:
        """Raises HTTPException (429) for who has guessed too often, whatever they show now, and StoreError."""
        home, found = home_of(address), self._whose(key)
        if (home, found) not in self._known:
            # One after the other, so that a right key behind too many wrong ones at once is refused as they are.
            async with self._lines.setdefault(home, asyncio.Lock()):
                if (home, found) not in self._known:
                    await self._look(home, guessed=found is None)
        if found is not None:
            self._remember((home, found))
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

    def _remember(self, known: tuple[str, Holder]) -> None:
        self._known.pop(known, None)
        self._known[known] = None
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]

    async def _look(self, home: str, *, guessed: bool) -> None:
        paces = [_pace(f"web:guesses/{home}", Whose.USER, FROM_ONE), _pace("web:guesses", Whose.TOTAL, FROM_ALL)]
        for held in paces:  # one who is to wait is told so without anything being written
            _refuse_for(await self._counted.held(held.name))
        delay = await self._counted.admit(self._chance.name(), paces) if guessed else None
        if delay is not None:
            await self._counted.hold(paces[delay.short].name, delay.seconds)
            _refuse_for(delay.seconds)


def _pace(name: str, whose: Whose, rate: Rate) -> Pace:
    return Pace(name, whose, rate.per_second, rate.burst)


def _refuse_for(seconds: float) -> None:
    if seconds > 0:
        raise HTTPException(429, headers={"Retry-After": str(math.ceil(seconds))})


def bearer_of(request: Request) -> str:
    """The key in the request's Authorization header; empty where there is none."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
