"""What a store can be told beside its address."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """history_ttl: seconds after the last write to a conversation until its history is forgotten; None keeps it.
    replicas: how many replicas must hold a message before it counts as accepted (Redis).
    replica_wait: seconds to wait for them.
    create: whether an SQLite file that is not there is made.
    keys: seal what people said; the first one seals, any of them opens. Without any it is kept as it is, and a store that
    was sealed is refused; None: sealed text is given as it lies there, for a copy of it."""

    history_ttl: float | None = None
    replicas: int = 0
    replica_wait: float = 2.0
    create: bool = True
    keys: tuple[str, ...] | None = ()
