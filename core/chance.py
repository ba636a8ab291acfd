"""The only source of randomness: jitter and identifiers."""

from __future__ import annotations

import random
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case


class SystemChance:
    def unit(self) -> float:
        return random.random()  # noqa: S311  # jitter, not a secret

    def name(self) -> str:
        """48 bits of milliseconds, then 80 random bits, in 26 characters (the layout of a ULID)."""
        number = (int(time.time() * 1000) << 80) | secrets.randbits(80)
        return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))
