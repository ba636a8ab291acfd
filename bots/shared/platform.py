"""What a chat platform and the process that serves it have in common.

Each platform's `app` module offers `open_platform` and `examine`, in the shape of `PlatformModule`; `bots.wiring` loads it
when it is asked for, so that a platform which is off costs nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bots.shared.hooks import Hooks
from core.config import Config
from core.conversations.commands import Commands
from core.conversations.invoking import Services
from core.conversations.relaying import Relaying
from core.domain import Turn
from core.ports import Chance, Claim, Clock, Replies, Reply, Store
from core.watching import Vitals, Watch


@dataclass(frozen=True, slots=True)
class Desk:
    """What a platform takes messages and commands to. watch: told what happens. vitals: what may be asked of the process.
    services: what commands work on. relaying: for programs that ask a model without a conversation. hooks: where other
    servers can deliver to a platform by way of the web page's port; None in a process that does not serve the page."""

    store: Store
    commands: Commands
    clock: Clock
    chance: Chance
    watch: Watch
    vitals: Vitals
    services: Services
    relaying: Relaying
    hooks: Hooks | None = None


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform that is being served.

    lane: of its turns. run: takes what people say until it is cancelled; the exit code. Raises SurfaceRefused or
    SurfaceClosed for what only the operator can mend. replies: where its turns are answered.
    """

    lane: str
    run: Callable[[], Awaitable[int]]
    replies: Replies


class AllReplies:
    """`Replies` for the turns of all *platforms*: each is answered on its own."""

    def __init__(self, platforms: Sequence[Platform]) -> None:
        self._replies = {platform.lane: platform.replies for platform in platforms}

    @property
    def lanes(self) -> frozenset[str]:
        return frozenset(self._replies)

    def open(self, turn: Turn, claim: Claim) -> AbstractAsyncContextManager[Reply]:
        return self._replies[turn.incoming.lane].open(turn, claim)


class State(StrEnum):
    OK = "ok"
    OFF = "off"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of ``python -m bots check``. Without a secret in it."""

    state: State
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.state.value:<6} {self.subject:<22} {' '.join(self.detail.split())}"


class PlatformModule(Protocol):
    def open_platform(
        self, desk: Desk, config: Config, announce: Callable[[str], None]
    ) -> AbstractAsyncContextManager[Platform]:
        """*announce* is told what the operator wants to see."""

    async def examine(self, config: Config, clock: Clock) -> Sequence[Finding]:
        """What the platform says of this bot. Raises SurfaceRefused and SurfaceUnavailable."""
