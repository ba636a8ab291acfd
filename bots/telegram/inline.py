"""``@bot question`` in any chat: the answer takes the place of the message that the person sends by it."""

from __future__ import annotations

from telegram import (
    Bot,
    ChosenInlineResult,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQuery,
    InlineQueryResultArticle,
    InputMessageContent,
    InputTextMessageContent,
    User,
)

from bots.shared.patience import Patience
from bots.shared.platform import Desk
from bots.shared.split import utf16_units
from bots.shared.surface import Deed, Limits, MessageGone, Page, Posted, Route, Slip, SurfaceRefused
from bots.telegram.commands import is_admitted
from bots.telegram.library import NotModified, attempt
from bots.telegram.pacing import bucket_of
from bots.telegram.render import LENGTH, rendered
from bots.telegram.speaking import Speaker
from bots.telegram.surface import NO_PREVIEW, TelegramSurface, is_growing
from bots.telegram.translate import LANE, sender_of_user, user_of
from core.conversations.context import quoted
from core.domain import ConversationId, Incoming, Ref, TextPart, Turn, TurnId, text_of
from core.errors import SurfaceClosed, SurfaceUnavailable
from core.wording import Sentence, say

ADDRESS = "inline"
"""Where an inline message's id stands in an address."""
RESULT, WAITING = "ask", "wait"
"""Names of the result that is offered, and of the button beneath it, which does nothing."""
LONGEST_SHOWN = 200
"""Characters of the question that stand above its answer."""


class InlineQuestions:
    """Each is a conversation of its own: it may stand in any chat, and none learns what was asked in another."""

    def __init__(self, bot: Bot, desk: Desk, speaker: Speaker, patience: Patience) -> None:
        self._bot = bot
        self._desk = desk
        self._speaker = speaker
        self._patience = patience

    async def typed(self, query: InlineQuery) -> None:
        """Offers to ask what is typed; nothing while there is nothing, and to those who may not ask."""
        incoming = self._incoming(query.from_user, query.query, query.id)
        language = incoming.sender.language
        offers = (
            [_offer(query.query, language)]
            if query.query.strip() and await is_admitted(self._desk.commands, incoming)
            else []
        )
        self._speaker.soon(self._offered(query, offers))

    async def _offered(self, query: InlineQuery, offers: list[InlineQueryResultArticle]) -> None:
        try:
            await attempt(self._bot.answer_inline_query(query.id, offers, cache_time=0, is_personal=True))
        except SurfaceUnavailable as problem:
            raise SurfaceRefused(str(problem)) from problem  # who types asks again with the next letter

    async def chosen(self, result: ChosenInlineResult, update: int) -> None:
        """Asks what was sent. Without a message to edit there is nowhere to answer."""
        if result.inline_message_id is None:
            return
        incoming = self._incoming(result.from_user, result.query, str(update), result.inline_message_id)
        await self._patience.patiently(lambda: self._desk.store.put(incoming))

    def _incoming(self, user: User, question: str, event: str, message: str = "") -> Incoming:
        return Incoming(
            event_id=TurnId(f"telegram:i{event}"),
            conversation=ConversationId(f"telegram:{user.id}/i{event}"),
            lane=LANE,
            sender=sender_of_user(user),
            parts=(TextPart(question),),
            sent_at=self._desk.clock.now(),
            address={"chat": str(user.id), ADDRESS: message},
        )


def _offer(question: str, language: str) -> InlineQueryResultArticle:
    """Telegram tells the bot which message was sent only where there is a button beneath it."""
    content: InputMessageContent = InputTextMessageContent(question[:LENGTH], link_preview_options=NO_PREVIEW)
    waiting = InlineKeyboardMarkup([[InlineKeyboardButton("…", callback_data=WAITING)]])
    title = say(Sentence.TELEGRAM_INLINE, language)
    return InlineQueryResultArticle(RESULT, title, content, waiting, description=question[:LONGEST_SHOWN])


def head_of(incoming: Incoming) -> str:
    """The question, as it stands above its answer."""
    words = " ".join(text_of(incoming.parts).split())
    return quoted(words if len(words) <= LONGEST_SHOWN else f"{words[:LONGEST_SHOWN]}…")


class InlineSurface(TelegramSurface):
    """An inline message is there from the beginning, so the first post is an edit, which can be repeated. What does not
    fit goes to the private chat with the person who asked."""

    def __init__(self, bot: Bot, turn: Turn) -> None:
        super().__init__(bot, turn.incoming, 1)
        self._inline = turn.incoming.address[ADDRESS]
        self._ref = Ref(f"telegram:inline/{self._inline}")
        self._shown = self._ref in turn.shown

    @property
    def limits(self) -> Limits:
        return Limits(LENGTH, utf16_units, 1)

    def route(self, deed: Deed) -> Route:  # noqa: ARG002  # only edits are made here
        user = user_of(self._question.sender.id)
        return Route(bucket_of(user), bucket_of(user, ADDRESS))

    async def post(self, page: Page, slip: Slip) -> Posted:
        if self._shown:
            return await super().post(page, slip)
        await self.edit(self._ref, page)
        self._shown = True
        return Posted(self._ref)

    async def edit(self, ref: Ref, page: Page) -> None:
        if ref != self._ref:
            return await super().edit(ref, page)
        shown = rendered(page.text, growing=is_growing(page))
        edit = self._bot.edit_message_text(
            shown.text, inline_message_id=self._inline, entities=shown.entities, link_preview_options=NO_PREVIEW
        )
        try:
            await attempt(edit)
        except NotModified:
            pass  # an earlier attempt's response got lost
        except MessageGone as gone:
            raise SurfaceClosed(str(gone)) from gone  # it cannot be posted anew
