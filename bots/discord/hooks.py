"""Answers to commands: written by the interaction's own webhook, which needs no permission and does not count as the bot's.

An interaction's webhook lives for 15 minutes. What is not finished by then goes on as an ordinary message where the bot
itself may write, and otherwise in a direct message to the one who asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import discord

from bots.discord.api import Api, Refusal
from bots.discord.surface import METHODS, DiscordSurface, Heard, files_of
from bots.discord.translate import ids_of, ref_of
from bots.shared.pacing import Priority, RateGate, WindowGate
from bots.shared.surface import Action, Deed, Limits, MessageGone, Page, Posted, Route, Slip
from core.domain import Ref, Turn
from core.errors import SurfaceUnavailable
from core.ports import Clock

LIFE = 15 * 60.0
"""Seconds for which an interaction's token can be used ("Receiving and Responding" in Discord's reference)."""
SPARE = 15.0
"""Seconds before that in which nothing is begun any more: a request takes time."""
ACKNOWLEDGING = 3.0
"""Seconds within which an interaction has to be acknowledged; before that its webhook is not known. From the same page."""
SOON = 0.25
"""Seconds after which a webhook that another process is about to make known is tried again."""
MOST_ELSEWHERE = 6
"""Messages where the app is installed by its user alone: the response and 5 follow-ups, from the same page."""
HOOKS = "discord:interaction/"
UNKNOWN, INVALID, MOST_FOLLOW_UPS = 404, 401, 40094
"""What a webhook says that takes no more: the status for one that is not known, the status for a token whose time is
over, and the error code ("JSON Error Codes" in the reference) after the last follow-up message."""
REWRITING = frozenset({Action.RETRY, Action.SHOW})
"""What changes a whole answer in its place."""
LOADING = 1 << 7
"""Message flag of a response that still has no words ("Message Flags")."""


@dataclass(frozen=True, slots=True)
class Hook:
    """An interaction's webhook, as it lies in a turn's address.

    token: a secret, good for 15 minutes. pressed: the message whose button was pressed; empty where a new message is
    the response. elsewhere: the bot itself may not write there, only this webhook.
    """

    application: str
    interaction: str
    token: str = field(repr=False)
    pressed: str = ""
    elsewhere: bool = False

    @classmethod
    def of(cls, address: Mapping[str, str]) -> Hook | None:
        if "token" not in address:
            return None
        return cls(
            address["application"],
            address["interaction"],
            address["token"],
            address.get("pressed", ""),
            address.get("elsewhere", "") == "yes",
        )

    @property
    def address(self) -> dict[str, str]:
        told = {"application": self.application, "interaction": self.interaction, "token": self.token}
        more = {"pressed": self.pressed, "elsewhere": "yes" if self.elsewhere else ""}
        return told | {key: value for key, value in more.items() if value}

    @property
    def path(self) -> str:
        return f"/webhooks/{self.application}/{self.token}"

    @property
    def made_at(self) -> float:
        """Unix time, which is in every id of Discord's."""
        return discord.utils.snowflake_time(int(self.interaction)).timestamp()

    def route(self, deed: Deed) -> Route:
        """Each webhook has buckets of its own, and the bot's 50 requests a second do not count it ("Rate Limits")."""
        chat = f"{HOOKS}{self.interaction}"
        return Route(chat, f"{chat} {METHODS[deed]}", overall=False)


class HookGate(WindowGate):
    """The bucket of a webhook. No limit of Discord's joins the webhooks; without one of our own, hundreds of answers
    would be drafted so often that the process had no time for their last words. *drafts*: what drafts draw from, when
    first and last words leave something; those wait for their own bucket only."""

    def __init__(self, drafts: RateGate) -> None:
        super().__init__()
        self._drafts = drafts

    def wait(self, now: float, priority: Priority) -> float:
        own = super().wait(now, priority)
        return max(own, self._drafts.wait(now, priority)) if priority >= Priority.DRAFT else own

    def take(self, now: float) -> None:
        super().take(now)
        if self._drafts.wait(now, Priority.FINAL) <= 0.0:
            self._drafts.take(now)


def is_hook(bucket: str) -> bool:
    """Whether a bucket's name is one of `Hook.route`."""
    return bucket.startswith(HOOKS)


class HookSurface:
    """The place of an answer to an interaction. clock: says when the webhook's time is over. messages: how many an
    answer may take before it becomes a file."""

    def __init__(self, api: Api, turn: Turn, clock: Clock, messages: int, heard: Heard) -> None:
        hook = Hook.of(turn.incoming.address)
        if hook is None:
            raise ValueError("no interaction's turn")
        self._api = api
        self._hook = hook
        self._clock = clock
        self._question = turn.incoming
        self._messages = min(messages, MOST_ELSEWHERE) if hook.elsewhere else messages
        self._heard = heard
        self._known = set(turn.shown)
        self._responded = bool(turn.shown or hook.pressed)
        self._over = False
        self._moved = False
        self._bot = DiscordSurface(api, turn.incoming, messages, heard, turn.shown)
        # An answer of which the webhook reaches only a part is the bot's to write: one way, and one bucket, for all of it.
        self._over = not hook.elsewhere and not all(self._path(ref) for ref in turn.shown)

    @property
    def limits(self) -> Limits:
        """Discord itself shows that the app is thinking."""
        limits = self._bot.limits
        return replace(limits, messages=self._messages, typing=0.0)

    def route(self, deed: Deed) -> Route:
        if not self._alive or deed is Deed.FIND:
            return self._bot.route(deed)
        return self._hook.route(deed if self._responded or deed is not Deed.POST else Deed.EDIT)

    async def find(self, nonce: str) -> Ref | None:  # noqa: ARG002  # Discord does not tell it
        """The response itself can be written again and again; a follow-up whose posting was not heard of is found among
        the channel's messages, where the bot may read them."""
        if (self._alive and not self._known) or self._hook.elsewhere:
            return None
        found = await self._bot.seek(self._is_forgotten, self._hook.interaction)
        if found is not None:
            self._known.add(found)
        return found

    async def post(self, page: Page, slip: Slip) -> Posted:
        if not self._alive:
            await self._move()
            posted = await self._bot.post(page, slip)
        else:
            posted = Posted(ref_of(*await self._respond(page)))
        self._known.add(posted.ref)
        return posted

    async def edit(self, ref: Ref, page: Page) -> None:
        if path := self._path(ref):
            await self._ask("PATCH", path, Deed.EDIT, page)
        else:
            await self._bot.edit(ref, page)

    async def delete(self, ref: Ref) -> None:
        if path := self._path(ref):
            await self._ask("DELETE", path, Deed.DELETE)
        else:
            await self._bot.delete(ref)
        self._known.discard(ref)

    async def typing(self) -> None:
        """Never asked for: see `limits`."""

    @property
    def _alive(self) -> bool:
        return not self._over and self._clock.now() < self._hook.made_at + LIFE - SPARE

    async def _respond(self, page: Page) -> tuple[int, int]:
        """Channel and id of the message that now shows *page*."""
        if self._responded:
            made = await self._ask("POST", "?wait=true", Deed.POST, page)
        else:
            made = await self._first(page)
            self._responded = True
        return int(made["channel_id"]), int(made["id"])

    async def _first(self, page: Page) -> Any:
        try:
            return await self._ask("PATCH", "/messages/@original", Deed.EDIT, page)
        except MessageGone as problem:  # somebody took the response away before it had words
            self._responded = True
            raise SurfaceUnavailable("the response was deleted", retry_after=SOON) from problem

    async def _ask(self, method: str, path: str, deed: Deed, page: Page | None = None) -> Any:
        route = self._hook.route(deed)
        body, files = (self._bot.body(self._within_reach(page, deed)), files_of(page)) if page else (None, ())
        try:
            return await self._api.call(
                method, self._hook.path + path, body, files, lambda allowance: self._heard(route, allowance)
            )
        except Refusal as problem:
            if problem.status not in {UNKNOWN, INVALID} and problem.code != MOST_FOLLOW_UPS:
                raise
            young = self._clock.now() < self._hook.made_at + ACKNOWLEDGING
            self._over = problem.status != UNKNOWN or not young
            raise SurfaceUnavailable("the interaction takes nothing now", retry_after=SOON) from problem

    def _within_reach(self, page: Page, deed: Deed) -> Page:
        """Without the buttons that could not do their work: where the bot is not itself, a button's own webhook writes
        to the message above it and to none of those before."""
        several = len(self._known) + (deed is Deed.POST) > 1
        if not (self._hook.elsewhere and several):
            return page
        return replace(page, controls=tuple(control for control in page.controls if control.action not in REWRITING))

    def _path(self, ref: Ref) -> str:
        """Below the webhook; empty for a message that is the bot's to write. Raises MessageGone for what nobody of us
        can reach."""
        channel, message = ids_of(ref)
        mine = channel == self._question.address["channel"]
        if self._alive and mine and message == self._hook.pressed:
            return "/messages/@original"
        if self._alive and mine and int(message) > int(self._hook.interaction):
            return f"/messages/{message}"
        if self._hook.elsewhere and mine:
            raise MessageGone("only a webhook that is no more could reach it")
        return ""

    async def _move(self) -> None:
        """Where the bot may not write, it goes on in a direct message."""
        if self._hook.elsewhere and not self._moved:
            person = self._question.sender.id.removeprefix("discord:")
            made = await self._api.call("POST", "/users/@me/channels", {"recipient_id": person})
            there = replace(self._question, address={"channel": str(made["id"])}, ref=None)
            self._bot = DiscordSurface(self._api, there, self._messages, self._heard)
            self._moved = True

    def _is_forgotten(self, message: Mapping[str, Any]) -> bool:
        """Whether it belongs to this interaction's answer and is not known here."""
        about = message.get("interaction_metadata") or {}
        if ref_of(int(message["channel_id"]), int(message["id"])) in self._known:
            return False
        worded = not int(message.get("flags", 0)) & LOADING
        return (str(about.get("id")) == self._hook.interaction and worded) or self._bot.is_forgotten(message)
