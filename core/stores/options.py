"""What a store can be told beside its address."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """history_ttl: seconds after the last write to a conversation until its history is forgotten; None keeps it.
    replicas: how many replicas must hold a message before it counts as accepted (Redis).
    replica_wait: seconds to wait for them.
    read_only: nothing that is there is changed, and nothing made that is not: for what is only copied from.
    keys: seal what people said; the first one seals, any of them opens. Without any it is kept as it is, and a store that
    was sealed is refused; None: sealed text is given as it lies there, for a copy of it."""

    history_ttl: float | None = None
    replicas: int = 0
    replica_wait: float = 2.0
    read_only: bool = False
    keys: tuple[str, ...] | None = ()
