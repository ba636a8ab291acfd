"""Telegram's messages as core's values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from telegram import Message, MessageEntity, User

from core.conversations.commands import parse
from core.conversations.context import named, quoted
from core.domain import ConversationId, Incoming, PersonId, Ref, Sender, TextPart, TurnId

LANE = "telegram"
GENERAL = 1
"""The id of every forum's General topic ("forums" in Telegram's reference), which takes only what names no topic."""
_COMMAND = re.compile(r"\A(?P<name>/\w+)@(?P<bot>\w+)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happens. topic: None outside of topics."""

    chat: int
    topic: int | None = None

    @property
    def private(self) -> bool:
        """Telegram numbers people upwards from 1, and a private chat as the person; groups are negative."""
        return self.chat > 0

    @property
    def address(self) -> dict[str, str]:
        topic = {} if self.topic is None else {"topic": str(self.topic)}
        return {"chat": str(self.chat), **topic}

    def conversation(self, person: PersonId, scope: str) -> ConversationId:
        """*scope*: as `Habits` says. Private chats and their topics are one person's anyway."""
        parts = [f"telegram:{self.chat}"]
        if self.topic is not None and (scope != "shared" or self.private):
            parts.append(str(self.topic))
        if scope == "member" and not self.private:
            parts.append(person.removeprefix("telegram:"))
        return ConversationId("/".join(parts))


def place_of(message: Message) -> Place:
    """Outside of forums a thread's id names a chain of replies, which is no place of its own."""
    in_topic = message.is_topic_message and message.message_thread_id != GENERAL
    return Place(message.chat.id, message.message_thread_id if in_topic else None)


def place_at(address: Mapping[str, str]) -> Place:
    """The inverse of `Place.address`."""
    return Place(int(address["chat"]), int(address["topic"]) if "topic" in address else None)


def ref_of(chat: int, message: int) -> Ref:
    return Ref(f"telegram:{chat}/{message}")


def ids_of(ref: Ref) -> tuple[int, int]:
    """Chat and message. Raises ValueError for what is no `ref_of`."""
    chat, message = ref.removeprefix("telegram:").split("/")
    return int(chat), int(message)


def person_of(user: int) -> PersonId:
    return PersonId(f"telegram:{user}")


def user_of(person: PersonId) -> int:
    """The inverse of `person_of`; 0 for somebody who speaks as a chat."""
    name = person.removeprefix("telegram:")
    return int(name) if name.isdecimal() else 0


def is_from_person(message: Message) -> bool:
    """Not a bot's message (this one's included, also when somebody sent it for it), nor a channel's post that Telegram
    put into the channel's group."""
    if message.is_automatic_forward or message.via_bot is not None:
        return False
    speaks_as_chat = message.sender_chat is not None
    return speaks_as_chat or (message.from_user is not None and not message.from_user.is_bot)


def sender_of(message: Message) -> Sender:
    """Who speaks. Admins who hide behind their group have only their title, and channels their name."""
    chat, user = message.sender_chat, message.from_user
    language = (user.language_code if user else None) or "en"
    if chat is not None and chat.id == message.chat.id:
        title = message.author_signature or chat.title or ""
        return Sender(PersonId(f"telegram:anonymous:{chat.id}:{title}"), title, language)
    if chat is not None:
        return Sender(person_of(chat.id), chat.title or chat.full_name or "", language)
    assert user is not None  # noqa: S101  # for the type: `is_from_person`
    return sender_of_user(user)


def sender_of_user(user: User) -> Sender:
    return Sender(person_of(user.id), user.full_name, user.language_code or "en")


def is_addressed(message: Message, me: User) -> bool:
    """Whether the bot is meant: in a private chat, by a mention, by a command for it, or by a reply to what it wrote."""
    if place_of(message).private:
        return True
    replied = replied_to(message)
    if replied is not None and replied.from_user is not None and replied.from_user.id == me.id:
        return True
    return any(_means(entity, text, me) for entity, text in entities_of(message).items())


def _means(entity: MessageEntity, text: str, me: User) -> bool:
    name = f"@{me.username}".casefold()
    match entity.type:
        case MessageEntity.MENTION:
            return text.casefold() == name
        case MessageEntity.BOT_COMMAND:
            return text.casefold().endswith(name)
        case MessageEntity.TEXT_MENTION:
            return entity.user is not None and entity.user.id == me.id
        case _:
            return False


def entities_of(message: Message) -> dict[MessageEntity, str]:
    return message.parse_entities() if message.text else message.parse_caption_entities()


def words_of(message: Message) -> str:
    return message.text or message.caption or ""


def is_for_another_bot(message: Message, me: User) -> bool:
    """Whether it is a command that names another one."""
    found = _COMMAND.match(words_of(message))
    return found is not None and found["bot"].casefold() != str(me.username).casefold()


def command_of(message: Message) -> tuple[str, str] | None:
    """Name and argument of a command, whatever bot it names; None for other text."""
    return parse(_COMMAND.sub(r"\g<name>", words_of(message), count=1))


def replied_to(message: Message) -> Message | None:
    """In a topic every message replies to the one that opened it."""
    replied = message.reply_to_message
    return None if replied is None or replied.forum_topic_created is not None else replied


def meant_by(message: Message, me: User) -> str:
    """Whom a command is about that names nobody by id: who is mentioned without a user name, or who is replied to; empty
    where that is nobody but the bot. Of other mentions Telegram does not tell bots who it is."""
    mentioned = (entity.user for entity in entities_of(message) if entity.type == MessageEntity.TEXT_MENTION)
    if user := next(filter(None, mentioned), None):
        return person_of(user.id)
    replied = replied_to(message)
    told = message.text is None or len(message.text.split(maxsplit=1)) > 1
    if told or replied is None or not (replied.from_user or replied.sender_chat):
        return ""
    person = sender_of(replied).id
    return "" if person == person_of(me.id) else person


def translate(message: Message, me: User, scope: str) -> Incoming:
    """A message that `is_from_person`. Its files are still to be read."""
    place, sender = place_of(message), sender_of(message)
    text, replied = readable(message, me), replied_to(message)
    return Incoming(
        event_id=TurnId(f"telegram:{message.chat.id}/{message.message_id}"),
        conversation=place.conversation(sender.id, scope),
        lane=LANE,
        sender=sender,
        parts=(TextPart(text),) if text else (),
        sent_at=message.date.timestamp(),
        address=place.address,
        ref=ref_of(message.chat.id, message.message_id),
        reply_to=ref_of(message.chat.id, replied.message_id) if replied else None,
        author="" if place.private or scope == "member" else sender.name,
        background=_background(message, me),
        quoted=_quoted(message, me),
    )


def revised(incoming: Incoming, update: int, at: float) -> Incoming:
    """The same message, edited at the time *at*. Telegram tells only seconds of it, so *update* tells edits apart."""
    return replace(incoming, event_id=TurnId(f"{incoming.event_id}.{update}"), revises=incoming.ref, sent_at=at)


def readable(message: Message, me: User) -> str:
    """The text with the addresses of its links, without the mention by which the bot is addressed at its beginning or
    end."""
    name = re.escape(f"@{me.username}")
    return re.sub(rf"\A\s*(?:{name}\b[\s,:]*)+|\s*{name}\s*\Z", "", _with_links(message), flags=re.IGNORECASE).strip()


def _with_links(message: Message) -> str:
    """Telegram counts in UTF-16 units."""
    units = words_of(message).encode("utf-16-le", "surrogatepass")
    links = [entity for entity in entities_of(message) if entity.type == MessageEntity.TEXT_LINK]
    for link in sorted(links, key=lambda link: -link.offset):
        end = 2 * (link.offset + link.length)
        units = units[:end] + f" ({link.url})".encode("utf-16-le") + units[end:]
    return units.decode("utf-16-le", "surrogatepass")


def _quoted(message: Message, me: User) -> tuple[PersonId, ...]:
    """Whose words `_background` has; nobody's where they are the bot's, which has told them somebody's."""
    replied = replied_to(message)
    if replied is None or not (replied.from_user or replied.sender_chat):
        return ()
    sender = sender_of(replied).id
    return () if sender == person_of(me.id) else (sender,)


def _background(message: Message, me: User) -> str:
    """What the message is about: the part that it quotes, or what it replies to. The bot's own words the model finds in
    the history, unless only a part of them is meant."""
    replied = replied_to(message)
    ours = replied is not None and replied.from_user is not None and replied.from_user.id == me.id
    quote = message.quote.text if message.quote else ""
    words = quote or ("" if replied is None or ours else words_of(replied))
    if not words.strip():
        return ""
    speaks = replied is not None and (replied.from_user or replied.sender_chat)
    who = "you" if ours else named(sender_of(replied).name if replied is not None and speaks else "") or "somebody"
    kind = "quotes this from a message" if quote else "replies to this message"
    return f"The next message {kind} by {who}:\n{quoted(words)}"
