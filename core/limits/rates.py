"""How often, as pure functions: a token bucket and a backoff. They know no clock; the caller passes the time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """At most *burst* at once, and *per_second* on average."""

    per_second: float
    burst: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """*level* permits were there at the time *at* (seconds); negative where permits are owed."""

    level: float
    at: float


def full(rate: Rate, now: float) -> Bucket:
    return Bucket(rate.burst, now)


def level_of(bucket: Bucket, rate: Rate, now: float) -> float:
    """The permits that are there at the time *now*."""
    return min(rate.burst, bucket.level + max(0.0, now - bucket.at) * rate.per_second)


def take(bucket: Bucket, rate: Rate, now: float, permits: float = 1.0) -> tuple[Bucket, float]:
    """Takes *permits*, owing what is not there yet: the bucket after it, and the seconds to wait before acting.

    A clock that goes backwards refills nothing. What is owed delays those who come later, so no one overtakes.
    """
    level = level_of(bucket, rate, now) - permits
    return Bucket(level, max(now, bucket.at)), max(0.0, -level / rate.per_second)


def is_news(times: int) -> bool:
    """Whether the log is to tell of what happens again and again: the first time, the second, the fourth, the eighth, …"""
    return times & (times - 1) == 0


def backoff(attempt: int, base: float, most: float, unit: float) -> float:
    """Seconds to wait after failed attempt number *attempt* (1 for the first): doubles from *base* up to *most*, and is
    spread by *unit* in [0, 1) over its upper half, so that those who failed together do not come back together."""
    longest = min(most, base * 2.0 ** min(attempt - 1, 60))
    return longest * (0.5 + unit / 2)
