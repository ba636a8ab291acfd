"""Who uses the API, and what they may ask."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from bots.web.api.problems import Refusal
from bots.web.entrance import Entrance, bearer_of
from bots.web.exposure import Exposure
from bots.web.front import LANE
from core.config_platforms import OPERATOR
from core.domain import ConversationId, Incoming, PersonId, Sender, TurnId


@dataclass(frozen=True, slots=True)
class Client:
    """shared: whether it is whoever comes, and not somebody."""

    name: str
    shared: bool = False

    @property
    def person(self) -> PersonId:
        return PersonId(f"api:{self.name}")

    def request(self, now: float) -> Incoming:
        """Something it wants, at the Unix time *now*, by which to judge whether it may."""
        person = self.person
        return Incoming(TurnId(person), ConversationId(person), LANE, Sender(person), (), now)


@dataclass(frozen=True, slots=True)
class Clients:
    """Those of the configuration, the operator, and where nothing keeps anybody out, whoever comes."""

    entrance: Entrance
    exposure: Exposure
    configured: bool

    async def of(self, request: Request) -> Client:
        """Whose key the request shows. Raises Refusal (401), HTTPException for who has guessed too often, StoreError."""
        if not self.exposure.guarded and not self.configured:
            return Client(OPERATOR, shared=self.exposure.names is None)
        key = bearer_of(request)
        if not key:
            raise Refusal(
                401, "You didn't provide an API key: expected 'Authorization: Bearer KEY'.", "missing_api_key"
            )
        holder = await self.entrance.holder(request.client.host if request.client else "", key)
        if holder is None:
            raise Refusal(401, "Incorrect API key provided.", "invalid_api_key")
        if holder.client is None:
            return Client(OPERATOR)
        return Client(holder.client.name)
