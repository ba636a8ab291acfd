"""Taking up a changed configuration without a restart, where that is safe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from core.config import Config, is_blank, is_consistent, load
from core.config_fields import NO_SECRET
from core.config_models import ProviderConfig
from core.errors import ConfigError
from core.ports import Clock
from core.tasks import cancelled

LIVE = ("access", "answer", "context", "limits", "moderation", "personas")
"""Sections that hold from the next turn on. Everything else has something open behind it: a store, a connection, a port."""
LOOK = 2.0
"""Seconds between two looks at the files."""
SETTLING = 0.25
"""Seconds for which files stay the same before they are read: while an editor writes, half of one may read like a whole."""


class State(NamedTuple):
    """What tells one version of a file from another. changed: when its status last did (ctime): also when it became readable,
    or was put back with its old times."""

    changed: int
    size: int
    inode: int


Look = tuple[State | None, ...]


def _is_live(name: str, before: Config, after: Config) -> bool:
    """Of a provider `at_once`, and its key where it had one: whether a model can be asked at all is decided at the start."""
    return name in LIVE or (name == "providers" and _lasting(before) == _lasting(after))


def _lasting(config: Config) -> dict[str, tuple[ProviderConfig, bool]]:
    return {
        name: (
            provider.model_copy(update={"api_key": NO_SECRET, "at_once": None}),
            bool(provider.api_key.get_secret_value()),
        )
        for name, provider in config.providers.items()
    }


class Reloading:
    """``async with Reloading(…) as reloading``: *file*, and the `.env` beside it, are watched until the block ends.
    *take_up* is given each new configuration, in which only what is `LIVE`, the providers' keys and their `at_once` differ;
    *announce* is told what the operator wants to see. A file that is broken, empty or gone changes nothing, and what names
    a model or a provider that waits for a restart waits with it."""

    def __init__(
        self,
        config: Config,
        file: Path,
        clock: Clock,
        take_up: Callable[[Config], None],
        announce: Callable[[str], None],
    ) -> None:
        self._config = config
        self._file = file
        self._clock = clock
        self._take_up = take_up
        self._announce = announce
        self._asked = asyncio.Event()
        self._waiting: tuple[str, ...] = ()
        self._broken = False

    async def __aenter__(self) -> Self:
        self._seen = await asyncio.to_thread(self._look)
        self._watching = asyncio.create_task(self._watch(), name="watching the configuration")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await cancelled(self._watching)

    def ask(self) -> None:
        """Looks at once, whether the files seem changed or not."""
        self._asked.set()

    async def _watch(self) -> None:
        while True:
            asked = await self._rest()
            seen = await asyncio.to_thread(self._look)
            if asked or seen != self._seen:
                self._seen = seen if asked else await self._settled(seen)
                await self._reload(asked=asked)

    async def _settled(self, seen: Look) -> Look:
        while True:
            await self._clock.sleep(SETTLING)
            before, seen = seen, await asyncio.to_thread(self._look)
            if seen == before:
                return seen

    async def _rest(self) -> bool:
        """Until it is time to look; True when somebody asked to."""
        with suppress(TimeoutError):
            async with self._clock.watchdog(LOOK):
                await self._asked.wait()
        asked = self._asked.is_set()
        self._asked.clear()
        return asked

    def _look(self) -> Look:
        return tuple(_state(file) for file in (self._file, self._file.parent / ".env"))

    async def _reload(self, *, asked: bool) -> None:
        """*asked*: somebody waits for a word, also where there is nothing new."""
        try:
            written = await asyncio.to_thread(_written, self._file)
        except ConfigError as problem:
            self._broken = True
            self._announce(f"the configuration stays as it was: {problem}")
            return
        expected, self._broken = asked or self._broken, False
        changed = [name for name in Config.model_fields if getattr(written, name) != getattr(self._config, name)]
        taken = self._take(changed, written)
        if taken:
            self._take_up(self._config)
            self._announce(f"taken up from {self._file}: {', '.join(taken)}")
        waiting = tuple(name for name in changed if name not in taken)
        if waiting and (expected or waiting != self._waiting):
            self._announce(f"changed in {self._file}, and taken up by a restart: {', '.join(waiting)}")
        self._waiting = waiting
        if expected and not changed:
            self._announce(f"nothing to take up: what {self._file} says holds already")

    def _take(self, changed: Sequence[str], written: Config) -> list[str]:
        """Those of the sections *changed* that hold from now on."""
        taken = []
        for name in changed:
            with_it = self._config.model_copy(update={name: getattr(written, name)})
            if _is_live(name, self._config, written) and is_consistent(with_it):
                self._config = with_it
                taken.append(name)
        return taken


def _written(file: Path) -> Config:
    """Raises ConfigError, also for a file without a word: it is what a full disk makes of one that is saved, or a slip with
    the comments, and would open everything to everybody. A pipe may have nobody at its other end, ever."""
    if file.exists() and not file.is_file():
        raise ConfigError(f"{file}: cannot be read again: it is no plain file")
    if is_blank(file):
        raise ConfigError(f"{file}: holds nothing")
    return load(file)


def _state(file: Path) -> State | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return State(found.st_ctime_ns, found.st_size, found.st_ino)
