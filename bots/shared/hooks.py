"""Where other servers deliver to a platform, when one process has one port for all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

AGAIN = 5
"""Seconds after which whoever delivered something is asked to try again, where it could not be stored. Telegram's server goes
by it; without, its pauses grow to a minute or two (`WebhookActor` in its source)."""


@dataclass(frozen=True, slots=True)
class Hook:
    """What takes deliveries. admits: whether these headers (names in lower case) come from whoever may deliver; asked
    before the body is read. receive: returns when what the body holds is stored; the HTTP status. largest: bytes."""

    admits: Callable[[Mapping[str, str]], bool]
    receive: Callable[[bytes], Awaitable[int]]
    largest: int


def headers_for(status: int) -> dict[str, str]:
    """What goes along with the *status* of a delivery."""
    return {"Retry-After": str(AGAIN)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}


class Hooks:
    """The hooks that are open now, by their paths."""

    def __init__(self) -> None:
        self._open: dict[str, Hook] = {}

    @contextmanager
    def opened(self, path: str, hook: Hook) -> Iterator[None]:
        """Deliveries to *path* are taken until the block ends."""
        self._open[path] = hook
        try:
            yield
        finally:
            del self._open[path]

    def at(self, path: str) -> Hook | None:
        return self._open.get(path)
