"""What redis-py raises, as what `core.errors` knows: the one place where it is mapped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from redis import exceptions as foreign

from core.errors import StoreError, StoreFull, StoreReadOnly, StoreUnavailable

Problem = foreign.RedisError | foreign.RedisClusterException | OSError
FOREIGN = (
    foreign.RedisError,
    foreign.RedisClusterException,
    foreign.ChildDeadlockedError,
    foreign.IncorrectPolicyType,
    OSError,
)
"""Every root of redis-py's errors, and what a socket raises."""

NOT_RUN = (foreign.NoScriptError, foreign.AskError, foreign.TryAgainError)
"""The server refused before it did anything (MOVED is a kind of ASK here): sending it again is safe."""

REFUSED = (
    foreign.AuthenticationError,
    foreign.AuthorizationError,
    foreign.NoPermissionError,
    foreign.AuthenticationWrongNumberOfArgsError,
    foreign.ExternalAuthProviderError,
)
_AWAY = (
    foreign.ConnectionError,
    foreign.TimeoutError,
    foreign.ClusterError,
    foreign.RedisClusterException,
    foreign.AskError,
    foreign.TryAgainError,
    foreign.ReadOnlyError,
    foreign.NoScriptError,
    OSError,
)

# The first word of an error (redis.io, "RESP protocol", simple errors); servers before 7.0 put it inside a sentence
# when it happens in a script.
_WORDS: dict[str, type[StoreError]] = {
    "OOM": StoreFull,
    "MISCONF": StoreReadOnly,
    "READONLY": StoreUnavailable,
    "LOADING": StoreUnavailable,
    "MASTERDOWN": StoreUnavailable,
    "CLUSTERDOWN": StoreUnavailable,
    "NOREPLICAS": StoreUnavailable,
    "TRYAGAIN": StoreUnavailable,
    "BUSY": StoreUnavailable,
    "UNKILLABLE": StoreUnavailable,
}
_LONGEST = 200
"""Characters of a server's own words that one line for the operator can hold."""


def store_error(problem: Exception, place: str) -> StoreError:
    """*place* says which server, without a password."""
    said = str(problem).partition(" script: ")[0]  # where in a script it happened tells nobody anything
    words = " ".join(said.split())[:_LONGEST] or type(problem).__name__
    return _kind(problem)(f"{place}: {words}")


def _kind(problem: Exception) -> type[StoreError]:
    if isinstance(problem, foreign.OutOfMemoryError):
        return StoreFull
    if isinstance(problem, REFUSED):
        return StoreError
    if isinstance(problem, _AWAY):
        return StoreUnavailable
    for word in str(problem).replace("-", " ").split():
        if word in _WORDS:
            return _WORDS[word]
    return StoreError


@contextmanager
def translated(place: str) -> Iterator[None]:
    try:
        yield
    except FOREIGN as problem:
        raise store_error(problem, place) from problem
