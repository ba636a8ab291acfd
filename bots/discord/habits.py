"""How the bot behaves in which channel: what its operator has set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Manner:
    """What is set for one channel or server; None: as further out. The fields are those of `Habits`.

    always: everything that is said there is answered.
    """

    scope: str | None = None
    always: bool | None = None
    overhear: int | None = None


@dataclass(frozen=True, slots=True)
class Habits:
    """scope: whose conversation a channel's is: ``shared`` by all, each ``member`` their own, or each question opens a
    ``thread``. overhear: how many of the newest messages to others are shown to the model as background. servers and
    channels say otherwise for the ids in them. max_age: seconds back for which is looked for what was missed. messages:
    how many an answer may take before it becomes a file."""

    scope: str = "shared"
    overhear: int = 0
    servers: Mapping[int, Manner] = field(default_factory=dict)
    channels: Mapping[int, Manner] = field(default_factory=dict)
    max_age: float = 3600.0
    messages: int = 10

    def scope_in(self, channel: object) -> str:
        """*channel*, here and below: as the library hands it over."""
        return next((manner.scope for manner in self._manners(channel) if manner.scope is not None), self.scope)

    def always_in(self, channel: object) -> bool:
        return next((manner.always for manner in self._manners(channel) if manner.always is not None), False)

    def overhear_in(self, channel: object) -> int:
        found = (manner.overhear for manner in self._manners(channel) if manner.overhear is not None)
        return next(found, self.overhear)

    def _manners(self, channel: object) -> Iterator[Manner]:
        """What is set for the channel, then for the one whose thread it is, then for the server."""
        server = getattr(channel, "guild", None)
        server_id = getattr(channel, "guild_id", None) if server is None else server.id
        ids = (getattr(channel, "id", None), getattr(channel, "parent_id", None))
        yield from (self.channels[id_] for id_ in ids if id_ is not None and id_ in self.channels)
        if server_id is not None and server_id in self.servers:
            yield self.servers[server_id]
