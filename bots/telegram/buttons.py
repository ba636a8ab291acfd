"""Buttons, pressed: those under an answer, and those of a command's menu."""

from __future__ import annotations

from telegram import Bot, CallbackQuery, ChatMember, Message

from bots.shared.platform import Desk
from bots.shared.pressing import Press, Presses
from bots.shared.surface import MessageGone, SurfaceRefused
from bots.telegram.commands import MenuCommands, chosen
from bots.telegram.habits import Habits
from bots.telegram.keyboards import carries, pressed
from bots.telegram.library import attempt
from bots.telegram.moving import Homes, at_home
from bots.telegram.speaking import Speaker
from bots.telegram.translate import LANE, Place, person_of, place_of, ref_of, sender_of_user
from core.domain import Incoming, PersonId, TurnId
from core.errors import SurfaceClosed, SurfaceUnavailable
from core.wording import Sentence, say

MODERATORS = frozenset({ChatMember.OWNER, ChatMember.ADMINISTRATOR})
LONGEST = 200
"""Characters of what is said to who pressed at most ("answerCallbackQuery" in the Bot API)."""

Hands = tuple[MenuCommands, Speaker, Homes]
"""What menus run, what answers, and what knows where conversations are."""


class Buttons:
    def __init__(self, bot: Bot, desk: Desk, habits: Habits, hands: Hands) -> None:
        self._bot = bot
        self._clock = desk.clock
        self._presses = Presses(desk.store, desk.commands)
        self._habits = habits
        self._commands, self._speaker, self._homes = hands

    async def pressed(self, query: CallbackQuery) -> None:
        """Whatever becomes of it, Telegram is told: until then the button shows that it waits."""
        said = await self._obeyed(query)
        self._speaker.soon(self._answered(query, said[:LONGEST]))

    async def _answered(self, query: CallbackQuery, said: str) -> None:
        try:
            await attempt(self._bot.answer_callback_query(query.id, said or None, show_alert=bool(said)))
        except SurfaceUnavailable as problem:
            raise SurfaceRefused(str(problem)) from problem  # it waits for seconds only

    async def _obeyed(self, query: CallbackQuery) -> str:
        """What there is to say to the one who pressed."""
        message, language = query.message, query.from_user.language_code or "en"
        data = query.data or ""
        if not isinstance(message, Message) or not carries(message.reply_markup, data):
            return say(Sentence.BUTTON_STALE, language)  # deleted, older than Telegram shows, or forged
        if choice := chosen(data):
            incoming = await self._incoming(query, place_of(message), person_of(query.from_user.id))
            return await self._commands.choose(choice, incoming, message.message_id)
        button = pressed(data)
        if button is None:
            return say(Sentence.BUTTON_STALE, language)
        incoming = await self._incoming(query, place_of(message), person_of(button.owner))
        moderates = button.owner != query.from_user.id and await self._moderates(message, query.from_user.id)
        under = ref_of(message.chat.id, message.message_id)
        return await self._presses.obey(Press(incoming, under, button.action, button.message, moderates))

    async def _incoming(self, query: CallbackQuery, place: Place, owner: PersonId) -> Incoming:
        """In the conversation of the person who asked, also where a moderator presses."""
        home = await self._homes.of(place.chat)
        sender, scope = sender_of_user(query.from_user), self._habits.scope_in(place.chat, home)
        incoming = Incoming(
            event_id=TurnId(f"telegram:c{query.id}"),
            conversation=place.conversation(owner, scope),
            lane=LANE,
            sender=sender,
            parts=(),
            sent_at=self._clock.now(),
            address=place.address,
            author="" if place.private or scope == "member" else sender.name,
        )
        return at_home(incoming, home)

    async def _moderates(self, message: Message, user: int) -> bool:
        """As far as Telegram says so now."""
        if place_of(message).private:
            return False
        try:
            member = await attempt(self._bot.get_chat_member(message.chat.id, user))
        except (SurfaceUnavailable, SurfaceRefused, SurfaceClosed, MessageGone):
            return False
        return member.status in MODERATORS
