"""What people do on the tests' Telegram. Each deed is a method; the bot hears of it as Telegram would tell it."""

from __future__ import annotations

import itertools
from typing import Any

from tests.support.telegram_profile import standing
from tests.support.telegram_rest import TelegramRest
from tests.support.telegram_rules import found
from tests.support.telegram_world import (
    ANONYMOUS,
    BOT,
    CAROL,
    CHANNEL,
    FOR_CHANNELS,
    GROUP,
    KICKED,
    MEMBER,
    RESTRICTED,
    SERVICE,
    SUPERGROUP,
    Place,
    Topic,
)


class TelegramPeople(TelegramRest):
    """Where no chat is named, it is the private chat between that person and the bot."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._albums = itertools.count(13_000_001)

    # messages

    def say(
        self, author: int, text: str = "", chat: int | None = None, /, *, reply_to: int = 0, topic: int = 0, **more: Any
    ) -> int:
        """*author* writes; the message's id. more: any further field of a Message, such as `entities`, `quote`,
        `caption`, `document`, `sticker`; what begins a text is trimmed and marked as Telegram does it."""
        place = self._meet(author) if chat is None else chat
        content = self._content(place, text, reply_to, topic)
        message = self._new(place, {"from": self._person(author)}, content | more)
        self._announce("message", message)
        return int(message["message_id"])

    def say_as(self, sender: int, text: str, chat: int = SUPERGROUP, *, reply_to: int = 0) -> int:
        """Somebody writes in the name of a chat: of the group itself as its anonymous administrator, else of a
        channel."""
        account = ANONYMOUS if sender == chat else FOR_CHANNELS
        author = {"from": self._person(account), "sender_chat": self.places[sender].chat}
        message = self._new(chat, author, self._content(chat, text, reply_to, 0))
        self._announce("message", message)
        return int(message["message_id"])

    def post(self, text: str) -> tuple[int, int]:
        """CHANNEL gets a post, which Telegram forwards to its discussion group; the ids of both messages."""
        channel = self.places[CHANNEL].chat
        post = self._new(CHANNEL, {"sender_chat": channel}, self._content(CHANNEL, text, 0, 0))
        self._announce("channel_post", post)
        origin = {"type": "channel", "chat": channel, "message_id": post["message_id"], "date": post["date"]}
        forward = {"is_automatic_forward": True, "forward_origin": origin, **self._content(SUPERGROUP, text, 0, 0)}
        author = {"from": self._person(SERVICE), "sender_chat": channel}
        forwarded = self._new(SUPERGROUP, author, forward)
        self._announce("message", forwarded)
        return int(post["message_id"]), int(forwarded["message_id"])

    def album(self, author: int, caption: str, chat: int | None = None, *, size: int = 3) -> list[int]:
        """That many photos at once, the first with the caption; their ids."""
        group = str(next(self._albums))
        captions: list[dict[str, Any]] = [{} for _ in range(size)]
        captions[0] |= {"caption": caption, "caption_entities": found(caption, [])} if caption else {}
        return [self.say(author, "", chat, media_group_id=group, photo=[self._photo()], **told) for told in captions]

    def send_file(self, author: int, name: str, content: bytes, chat: int | None = None, **more: Any) -> int:
        """*author* sends a document; the message's id."""
        return self.say(author, "", chat, document=self.file(name, content), **more)

    def edit(self, chat: int, message_id: int, text: str) -> None:
        message = self.messages[chat, message_id]
        message |= {"text": text, "edit_date": int(self.now())}
        message.pop("entities", None)
        if entities := found(text, []):
            message["entities"] = entities
        self._announce("edited_message", message)

    def move(self, chat: int, message_id: int, latitude: float) -> None:
        """A live location is elsewhere now."""
        message = self.messages[chat, message_id]
        message |= {"location": {**message["location"], "latitude": latitude}, "edit_date": int(self.now())}
        self._announce("edited_message", message)

    def delete(self, chat: int, message_id: int) -> None:
        """Of which bots hear nothing."""
        del self.messages[chat, message_id]

    def repeat(self) -> None:
        """The last update once more, under its old id."""
        self.updates.again(self.updates.history[-1])

    # queries

    def press(self, author: int, chat: int, message_id: int, data: str) -> str:
        """*author* presses a button; the query's id. Of a deleted message only the place is told."""
        gone = {"message_id": message_id, "chat": self.places[chat].chat, "date": 0}
        shown = self.messages.get((chat, message_id), gone)
        return self._ask("callback_query", {**self._pressed(author, data), "message": shown})

    def stop_preview(self, author: int) -> None:
        """*author* presses the button under the preview that is shown to them."""
        draft = next(reversed([draft for (place, _), draft in self.previews.items() if place == author]))
        assert draft.stoppable
        thread = {"message_thread_id": draft.thread} if draft.thread else {}
        self.updates.publish(
            "stopped_message_generation", {"chat": self.places[author].chat, "draft_id": draft.id, **thread}
        )

    def ask_inline(self, author: int, query: str) -> str:
        """*author* types ``@bot query`` somewhere; the query's id."""
        return self._ask("inline_query", {"from": self._person(author), "query": query, "offset": ""})

    def choose(self, author: int, query: str, result_id: str) -> str:
        """*author* sends that result of an answered query; its inline_message_id, which the bot learns only when there
        are buttons beneath it."""
        result = next(result for result in self.answered[query]["results"] if result["id"] == result_id)
        content = result["input_message_content"]
        sent = {"text": content["message_text"], "entities": content.get("entities", [])}
        told: dict[str, Any] = {"result_id": result_id, "from": self._person(author)}
        told["query"] = self._queries[query][1]["query"]
        inline_message_id = f"AgAAAA{len(self.inline):06d}"
        self.inline[inline_message_id] = sent
        if "reply_markup" in result:
            sent["reply_markup"] = result["reply_markup"]
            told["inline_message_id"] = inline_message_id
        self.updates.publish("chosen_inline_result", told)
        return inline_message_id

    # chats

    def block(self, author: int) -> None:
        """The bot, in their private chat."""
        self._stand(author, author, KICKED)

    def kick(self, chat: int = GROUP) -> None:
        """The bot."""
        self._stand(CAROL, chat, KICKED)

    def invite(self, chat: int = GROUP, status: str = MEMBER) -> None:
        """The bot is a member, or what *status* says, from now on."""
        self._stand(CAROL, chat, status)

    def mute(self, chat: int) -> None:
        """The bot may not write there any more."""
        self.invite(chat, RESTRICTED)

    def migrate(self, group: int = GROUP) -> int:
        """The group becomes a supergroup; its new id."""
        new = SUPERGROUP - 50 - len(self.places)
        old = self.places[group]
        chat = {"id": new, "title": old.chat["title"], "type": "supergroup"}
        self.places[new] = Place(chat, status=old.status, members=old.members, admins=old.admins)
        author = {"from": self._person(CAROL)}
        self._announce("message", self._new(group, author, {"migrate_to_chat_id": new}))
        anonymous = {"from": self._person(ANONYMOUS), "sender_chat": chat}
        self._announce("message", self._new(new, anonymous, {"migrate_from_chat_id": group}))
        old.moved_to = new
        return new

    def open_topic(self, chat: int, name: str) -> int:
        """A new topic; its id."""
        place = self.places[chat]
        made = {"forum_topic_created": {"name": name, "icon_color": 7322096}, "is_topic_message": True}
        message = self._new(chat, {"from": self._person(CAROL if chat < 0 else chat)}, made)
        message["message_thread_id"] = topic = int(message["message_id"])
        place.topics[topic] = Topic(name)
        self._announce("message", message)
        return topic

    # what they are made of

    def _content(self, chat: int, text: str, reply_to: int, topic: int) -> dict[str, Any]:
        content = self._about_reply(chat, reply_to) if reply_to else {}
        content |= self._in_topic(topic)
        if text:
            content["text"] = text.strip()
            if entities := found(content["text"], []):
                content["entities"] = entities
        return content

    def _photo(self) -> dict[str, Any]:
        shown = self.file("photo.jpg", b"\xff\xd8\xff")
        return {key: shown[key] for key in ("file_id", "file_unique_id", "file_size")} | {"width": 90, "height": 90}

    def _pressed(self, author: int, data: str) -> dict[str, Any]:
        return {"from": self._person(author), "chat_instance": "-4000000001", "data": data}

    def _stand(self, author: int, chat: int, status: str) -> None:
        """The bot hears how it stands there now."""
        place, bot = self.places[chat], self._person(BOT)
        told = {"chat": place.chat, "from": self._person(author), "date": int(self.now())}
        old, new = {"user": bot, **standing(place.status)}, {"user": bot, **standing(status)}
        place.status = status
        self.updates.publish("my_chat_member", {**told, "old_chat_member": old, "new_chat_member": new})
