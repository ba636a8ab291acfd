"""What is known about a model before it is asked: its window, limits, vocabulary and price.

Windows and prices come from the table in the package `genai-prices`, as installed: nothing is fetched. The configuration
overrides everything.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, TieredPrices

from core.config_models import ModelConfig, PriceConfig
from core.domain import Encoding, ModelSpec, Price
from core.llm.tokens import UNKNOWN_FACTOR

UNKNOWN_WINDOW = 8192
"""Tokens. Every model in use has at least this; a server that is set up with less says so, and that is learnt."""
UNKNOWN_OUTPUT = 4096
"""Tokens of an answer, at most a quarter of the window: what most servers allow."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_NANO_PER_MTOK = 1000
"""One dollar per million tokens is so many nano-dollars per token."""

_VOCABULARIES = (
    (re.compile(r"gpt-4o|gpt-4\.[15]|gpt-5|chatgpt-4o|o[134](?![a-z0-9])"), Encoding.O200K),
    (re.compile(r"gpt-4|gpt-35|gpt-3\.5"), Encoding.CL100K),
)
"""OpenAI's own models by the beginning of their names. Source: `tiktoken/model.py`. Later ones are estimated until their
vocabulary is published; so are open-weight models, whose chat frames differ."""
_OUTPUTS = (
    (re.compile(r"gpt-5-chat|gpt-4o|chatgpt-4o|gpt-4\.5"), 16_384),
    (re.compile(r"gpt-5|gpt-6"), 128_000),
    (re.compile(r"gpt-4\.1"), 32_768),
    (re.compile(r"o1-preview"), 32_768),
    (re.compile(r"o1-mini"), 65_536),
    (re.compile(r"o[134](?![a-z0-9])"), 100_000),
    (re.compile(r"gpt-4-turbo|gpt-3\.5|gpt-35"), 4096),
    (re.compile(r"gpt-4"), 8192),
)
"""Longest answers in tokens. Source: OpenAI's model pages (platform.openai.com/docs/models)."""


def is_loopback(url: str) -> bool:
    return (urlsplit(url).hostname or "") in LOOPBACK


def is_commercial(url: str) -> bool:
    """One of the services in the table."""
    try:
        get_snapshot().find_provider(None, None, url)
    except LookupError:
        return False
    return True


def known_about(config: ModelConfig, base_url: str, now: float) -> ModelSpec:
    """*now* is Unix time: prices change by date."""
    name = config.model or config.id
    row = _row(name, base_url)
    window = config.window or (row.context_window if row else None) or UNKNOWN_WINDOW
    vocabulary = config.encoding or _vocabulary(name)
    return ModelSpec(
        id=config.id,
        window=window,
        max_output=min(window, config.max_output or _max_output(name) or min(UNKNOWN_OUTPUT, window // 4)),
        encoding=vocabulary or Encoding.O200K,
        exact=vocabulary is not None,
        factor=1.0 if vocabulary else UNKNOWN_FACTOR,
        price=_price(config, row, base_url, now),
    )


def _bare(name: str) -> str:
    """The model in ``openai/gpt-5-mini``, ``azure/my/gpt-4o``, ``ft:gpt-4o-mini:acme``."""
    return name.lower().rsplit("/", maxsplit=1)[-1].removeprefix("ft:")


def _vocabulary(name: str) -> Encoding | None:
    return next((encoding for pattern, encoding in _VOCABULARIES if pattern.match(_bare(name))), None)


def _max_output(name: str) -> int | None:
    return next((limit for pattern, limit in _OUTPUTS if pattern.match(_bare(name))), None)


def _row(name: str, base_url: str) -> ModelInfo | None:
    """The table's row: as this server sells it, else as whoever made the model does."""
    for reference, url in ((name, base_url), (name, None), (_bare(name), None)):
        try:
            return get_snapshot().find_provider_model(reference, None, None, url)[1]
        except LookupError:
            continue
    return None


def _price(config: ModelConfig, row: ModelInfo | None, base_url: str, now: float) -> Price | None:
    """None where nothing is known. An open model on this machine costs nothing that a table could tell."""
    if config.price:
        return configured(config.price)
    ours = is_loopback(base_url) and _vocabulary(config.model or config.id) is None
    if row is None or ours:
        return None
    prices = row.get_prices(datetime.fromtimestamp(now, UTC))
    fresh, answer = _nano(getattr(prices, "input_mtok", None)), _nano(getattr(prices, "output_mtok", None))
    cached = _nano(getattr(prices, "cache_read_mtok", None))
    if fresh is None or answer is None:
        return None
    return Price(fresh, answer, fresh if cached is None else cached)


def configured(price: PriceConfig) -> Price:
    cached = price.input if price.cached is None else price.cached
    return Price(*(round(dollars * _NANO_PER_MTOK) for dollars in (price.input, price.output, cached)))


def _nano(dollars: object) -> int | None:
    base = dollars.base if isinstance(dollars, TieredPrices) else dollars
    return round(base * _NANO_PER_MTOK) if isinstance(base, Decimal) else None
