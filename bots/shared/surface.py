"""A place where messages are posted and edited, as a chat platform offers it; each platform has its own `Surface`.

Everything here is platform-neutral: an adapter renders pages and controls, and maps its platform's refusals to
`SurfaceUnavailable`, `MessageGone` and `SurfaceRefused`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.domain import MessageId, Ref
from core.errors import ParlourError


class MessageGone(ParlourError):
    """The message to be edited or deleted is not there any more."""


class SurfaceRefused(ParlourError):
    """The platform takes this neither now nor later (no permission, the chat is gone). The message is one line for the
    operator. What may work later is `core.errors.SurfaceUnavailable`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message can hold.

    length: units of text at most. measure: how many units a text has; `len` where a platform counts code points.
    messages: how many messages an answer may take; a longer one becomes a file with a readable head (None: no such
    limit). typing: seconds for which the platform shows that somebody types, once told; 0 where it cannot.
    """

    length: int
    measure: Callable[[str], int] = len
    messages: int | None = None
    typing: float = 0.0


class Action(StrEnum):
    """What a button under an answer does."""

    STOP = "stop"
    RETRY = "retry"
    CONTINUE = "continue"
    SHOW = "show"


@dataclass(frozen=True, slots=True)
class Control:
    """A button, still without words.

    message: the answer it is about; for SHOW the sibling to be shown instead, which is number *number* (from 1) of
    *count*. The sibling shown now is there too, so that the adapter can draw ‹ 2/3 ›.
    """

    action: Action
    message: MessageId
    number: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """What one platform message shows. Two equal pages look the same, so an edit from one to the other is left out.

    text: Markdown as the model wrote it, never longer than the surface's limit. controls: beneath it, in this order.
    ours: the words are not a model's but Parlour's own; the commands in them are meant.
    """

    text: str
    controls: tuple[Control, ...] = ()
    file: File | None = None
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Slip:
    """What goes along with a new message.

    nonce: 24 letters and digits, the same whenever this very message is posted again (after a lost response, or by the
    process that resumes a killed one's turn), so that the platform can tell. reply_to: the question, for an answer's
    first message.
    """

    nonce: str
    reply_to: Ref | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that is there now. as_given: False when the platform had it already, from the same nonce, and may show
    an earlier text."""

    ref: Ref
    as_given: bool = True


class Deed(StrEnum):
    """What is done to a surface."""

    FIND = "find"
    POST = "post"
    PREVIEW = "preview"
    EDIT = "edit"
    DELETE = "delete"
    TYPING = "typing"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a write counts.

    chat: where nothing at all is sent while the platform says so. bucket: the platform's own counter for this kind of
    write (the same as *chat* where it counts all kinds together). overall: whether the bot-wide limit counts it.
    """

    chat: str
    bucket: str
    overall: bool = True


class Surface(Protocol):
    """The place of one answer, opened from stored data alone. It makes one attempt at each deed and neither waits nor
    tries again: `bots.shared.pacing` decides when, `bots.shared.live_reply` how often.

    Every deed raises SurfaceUnavailable (429, 5xx, connection lost, no response; with `retry_after` in seconds where
    the platform said it) or SurfaceRefused.
    """

    @property
    def limits(self) -> Limits: ...

    def route(self, deed: Deed) -> Route: ...

    async def find(self, nonce: str) -> Ref | None:
        """The message posted under *nonce* that could not be remembered, because its sender was killed or the response
        lost. None: there is none, or the platform cannot tell."""

    async def post(self, page: Page, slip: Slip) -> Posted:
        """Raises MessageGone when a message with this nonce had been posted and was deleted since."""

    async def edit(self, ref: Ref, page: Page) -> None:
        """Raises MessageGone."""

    async def delete(self, ref: Ref) -> None:
        """Takes it away; where the platform does not allow that, it shows as little as possible. Raises MessageGone."""

    async def typing(self) -> None: ...


class Previews(Protocol):
    """Where a platform can show words that are still being written without a message for them. What follows at the end
    is an ordinary message."""

    @property
    def lasts(self) -> float:
        """Seconds after which a preview has to be shown again."""

    async def show(self, page: Page, nonce: str) -> None:
        """Shows *page* in place of what was shown under the same *nonce*. Raises SurfaceUnavailable, and SurfaceRefused
        where there are no previews after all."""
