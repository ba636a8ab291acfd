"""Who a browser is: a name that it keeps in a cookie, signed, so that nobody can take another's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from hmac import digest

from itsdangerous import BadData, URLSafeSerializer

from core.ports import Chance, Clock

LIFETIME = 400 * 86400
"""Seconds for which a cookie holds: browsers keep none longer (draft-ietf-httpbis-rfc6265bis, section 5.5)."""
RENEWAL = 7 * 86400
"""Seconds after which a browser that comes back is given a new one."""
SECRET = "web cookies"  # noqa: S105  # the name under which the store keeps it
_SALT = "visitor"
_NAME = 26


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a cookie says. visitor: 26 letters and digits. issued: Unix seconds. gate: what the token that let them in
    looks like to whoever knows the key; empty for those who showed none."""

    visitor: str
    issued: int
    gate: str = ""


class Tickets:
    """keys: the first one signs, all are recognised. token: what visitors have to show; empty where they need not."""

    def __init__(self, keys: Sequence[str], token: str, clock: Clock, chance: Chance) -> None:
        options = {"key_derivation": "hmac", "digest_method": sha256}
        self._signing = URLSafeSerializer(list(reversed(keys)), salt=_SALT, signer_kwargs=options)
        self._gates = [_mark(key, "gate", token) if token else "" for key in keys]
        self._programs = _mark(keys[0], "program", token)[:_NAME]
        self._clock = clock
        self._chance = chance

    def fresh(self) -> Ticket:
        """For who was never here."""
        return Ticket(self._chance.name(), int(self._clock.now()))

    def for_programs(self) -> Ticket:
        """For who shows the token with each request and keeps no cookie: the same for all of those."""
        return Ticket(self._programs, int(self._clock.now()), self._gates[0])

    def read(self, cookie: str) -> Ticket | None:
        """What the cookie says, if it is one of ours and still holds."""
        try:
            visitor, issued, gate = self._signing.loads(cookie)
        except (BadData, ValueError, TypeError):
            return None
        ticket = Ticket(visitor, issued, gate)
        return ticket if self._age(ticket) < LIFETIME else None

    def write(self, ticket: Ticket) -> str:
        return str(self._signing.dumps([ticket.visitor, ticket.issued, ticket.gate]))

    def admits(self, ticket: Ticket) -> bool:
        """Whether it was written for somebody who showed today's token, or none is asked for."""
        return self._gates[0] == "" or ticket.gate in self._gates

    def admitted(self, ticket: Ticket) -> Ticket:
        """The same visitor, who has shown the token."""
        return self.renewed(replace(ticket, gate=self._gates[0]))

    def renewed(self, ticket: Ticket) -> Ticket:
        return replace(ticket, issued=int(self._clock.now()))

    def is_due(self, ticket: Ticket) -> bool:
        return self._age(ticket) > RENEWAL

    def _age(self, ticket: Ticket) -> float:
        return self._clock.now() - ticket.issued


def _mark(key: str, purpose: str, token: str) -> str:
    return digest(key.encode(), f"{purpose}\0{token}".encode(), "sha256").hex()
