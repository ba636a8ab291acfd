"""The atomic steps. Each is one file in `lua/`, runs inside one partition and reads the time from its caller."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from core.stores.codec import storable

Argument = str | int | float
COMMON = tuple(f"common/{part}" for part in ("keys", "conversations", "turns", "purses", "sharing"))
"""What stands before every script, in this order: each may use those before it."""


@dataclass(frozen=True, slots=True)
class Script:
    text: str
    digest: str


@cache
def script(name: str) -> Script:
    folder = files("core.stores.redis") / "lua"
    text = "".join((folder / f"{part}.lua").read_text() for part in (*COMMON, name))
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


@dataclass(frozen=True, slots=True)
class Call:
    """One run of a script in one partition."""

    name: str
    partition: str
    arguments: tuple[Argument, ...]

    def by_digest(self) -> tuple[bytes | str | int, ...]:
        return ("EVALSHA", script(self.name).digest, 1, self.partition, *map(_encoded, self.arguments))

    def in_full(self) -> tuple[bytes | str | int, ...]:
        """For a server that does not have the script (yet, or any more); it has it afterwards."""
        return ("EVAL", script(self.name).text, 1, self.partition, *map(_encoded, self.arguments))


def _encoded(argument: Argument) -> bytes:
    # repr keeps every digit of a float.
    return storable(argument if isinstance(argument, str) else repr(argument)).encode()
