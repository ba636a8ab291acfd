"""What happened on the tests' Telegram, until the bot has fetched and confirmed it or its webhook has taken it."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.support.telegram_rules import Refused, bad

KEPT = 86_400.0
"""Seconds ("Getting updates": incoming updates are kept for at most 24 hours)."""
LONGEST_POLL = 50
MOST = 100
"""Updates in one answer."""
SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")
KINDS = (
    *("message", "edited_message", "channel_post", "edited_channel_post", "inline_query", "chosen_inline_result"),
    *("callback_query", "poll", "poll_answer", "my_chat_member", "chat_join_request", "pre_checkout_query"),
    "stopped_message_generation",
)
"""What a bot gets that asked for nothing in particular."""
ON_REQUEST = ("chat_member", "message_reaction", "message_reaction_count")
WEBHOOK_IS_SET = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
ANOTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"


def conflict(problem: str) -> Refused:
    return Refused(409, f"Conflict: {problem}")


class Updates:
    """One bot's queue. now: Unix seconds. pause: seconds between two deliveries of what a webhook did not take."""

    def __init__(self, now: Callable[[], float], pause: float = 0.05) -> None:
        self._now = now
        self._pause = pause
        self._ids = itertools.count(700_001)
        self._allowed = frozenset(KINDS)
        self._poller: asyncio.Future[None] | None = None
        self._delivering: asyncio.Task[None] | None = None
        self._arrived = asyncio.Event()
        self._kept: list[tuple[float, dict[str, Any]]] = []
        self.webhook: dict[str, Any] = {}
        self.delivered: list[int] = []
        """The status of each delivery to the webhook; 0 where nobody answered."""
        self.polls = 0
        self.history: list[dict[str, Any]] = []
        """Every update there ever was."""

    @property
    def pending(self) -> list[dict[str, Any]]:
        fresh = self._now() - KEPT
        self._kept = [(at, update) for at, update in self._kept if at > fresh]
        return [update for _, update in self._kept]

    @property
    def polled(self) -> bool:
        """Whether somebody waits for updates right now."""
        return self._poller is not None and not self._poller.done()

    def publish(self, kind: str, event: dict[str, Any]) -> int | None:
        """The update's id; None when the bot did not ask for this kind."""
        if kind not in self._allowed:
            return None
        number = next(self._ids)
        update = {"update_id": number, kind: event}
        self.history.append(update)
        self.again(update)
        return number

    def again(self, update: dict[str, Any]) -> None:
        """*update* is (once more) to be fetched."""
        self._kept.append((self._now(), update))
        self._arrived.set()
        if self.polled and self._poller is not None:
            self._poller.set_result(None)

    def allow(self, kinds: object) -> None:
        """None: as before. An empty list: the usual ones."""
        if isinstance(kinds, list):
            if unknown := {*kinds} - {*KINDS, *ON_REQUEST, "guest_message", "managed_bot", "business_message"}:
                raise bad(f"allowed_updates: {sorted(unknown)} not in the reference")
            self._allowed = frozenset(kinds or KINDS)

    async def poll(self, offset: int, limit: int, seconds: int) -> list[dict[str, Any]]:
        """getUpdates. Whoever waits is told to go when another one comes to wait."""
        self.polls += 1
        if self.webhook:
            raise conflict(WEBHOOK_IS_SET)
        self._confirm(offset)
        if not self.pending and seconds > 0:
            self._dismiss(ANOTHER_POLLER)
            await self._wait(min(seconds, LONGEST_POLL))
        return self.pending[: limit if 1 <= limit <= MOST else MOST]

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            self._kept = self._kept[offset:]
        elif offset > 0:
            self._kept = [(at, update) for at, update in self._kept if update["update_id"] >= offset]

    async def _wait(self, seconds: float) -> None:
        poller = self._poller = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait([poller], timeout=seconds)
            if poller.done():
                poller.result()
        finally:
            poller.cancel()

    def _dismiss(self, reason: str) -> None:
        if self.polled and self._poller is not None:
            self._poller.set_exception(conflict(reason))

    # webhook

    async def set_webhook(self, webhook: dict[str, Any], *, drop: bool) -> None:
        """An empty *webhook* takes it away. Plain HTTP to this machine is fine, as for a server run with ``--local``."""
        url, secret = webhook.get("url", ""), webhook.get("secret_token", "")
        if url and urlsplit(url).scheme not in {"http", "https"}:
            raise bad("invalid webhook URL specified")
        if not SECRET.fullmatch(secret):
            problem = "secret token is too long" if len(secret) > 256 else "secret token contains unallowed characters"
            raise bad(problem)
        if drop:
            self._kept.clear()
        await self.close()
        self.webhook = webhook if url else {}
        if self.webhook:
            self._dismiss("terminated by setWebhook request")
            self._delivering = asyncio.create_task(self._deliver(), name="webhook")

    def about_webhook(self) -> dict[str, Any]:
        shown = {key: value for key, value in self.webhook.items() if key != "secret_token"}
        base = {"url": "", "has_custom_certificate": False, "pending_update_count": len(self.pending)}
        return base | shown

    async def close(self) -> None:
        if self._delivering is not None:
            self._delivering.cancel()
            await asyncio.gather(self._delivering, return_exceptions=True)
            self._delivering = None

    async def _deliver(self) -> None:
        """One after the other; again and again what is not answered with 2xx."""
        async with aiohttp.ClientSession() as session:
            while True:
                self._arrived.clear()
                if not self.pending:
                    await self._arrived.wait()
                elif await self._attempt(session, update := self.pending[0]):
                    self._kept = [(at, kept) for at, kept in self._kept if kept is not update]
                else:
                    await asyncio.sleep(self._pause)

    async def _attempt(self, session: aiohttp.ClientSession, update: dict[str, Any]) -> bool:
        secret = self.webhook.get("secret_token", "")
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        try:
            async with session.post(self.webhook["url"], json=update, headers=headers) as response:
                status = response.status
        except (aiohttp.ClientError, OSError) as problem:
            status = 0
            self.webhook["last_error_message"] = type(problem).__name__
        self.delivered.append(status)
        if 200 <= status < 300:
            return True
        self.webhook |= {"last_error_date": int(self._now())}
        self.webhook.setdefault("last_error_message", f"Wrong response from the webhook: {status}")
        return False
