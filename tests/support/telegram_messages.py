"""What a bot does to messages through the Bot API, checked as strictly as its reference allows."""

from __future__ import annotations

import json
from typing import Any

from tests.support.telegram_rules import (
    ACTIONS,
    MOST_CAPTION,
    MOST_TEXT,
    NOT_MODIFIED,
    OLD_QUERY,
    Refused,
    bad,
    check_markup,
    found,
    settled,
    units,
)
from tests.support.telegram_state import Draft, TelegramState
from tests.support.telegram_world import ADMINISTRATOR, BOT, Ask

QUERY_LIFE = 10.0
"""Seconds within which a callback or inline query has to be answered; the clients give up then."""
DELETABLE = 48 * 3600
"""Seconds for which other people's messages can be deleted (deleteMessage)."""
MOST_UPLOAD = 50_000_000
MOST_ALERT = 200
MOST_RESULTS = 50
"""Bytes (sendDocument), characters (answerCallbackQuery), inline results (answerInlineQuery)."""
CONTENT = ("text", "entities", "document", "caption", "caption_entities")
PARTS = {"document": "media", "caption": "caption", "parse_mode": "parse_mode"}
"""Fields of sendDocument, and what InputMediaDocument calls them."""


class TelegramMessages(TelegramState):
    """Each method takes a request and returns its result."""

    def _send(self, ask: Ask) -> dict[str, Any]:
        text, entities = self._text(ask, "text", "entities", MOST_TEXT)
        content: dict[str, Any] = {"text": text}
        if entities:
            content["entities"] = entities
        if (options := ask.structure("link_preview_options")) is not None:
            content["link_preview_options"] = options
        return self._create(ask, content, text)

    def _send_document(self, ask: Ask) -> dict[str, Any]:
        caption, entities = self._text(ask, "caption", "caption_entities", MOST_CAPTION)
        content: dict[str, Any] = {"document": self._document(ask)}
        if caption:
            content["caption"] = caption
        if entities:
            content["caption_entities"] = entities
        return self._create(ask, content, caption)

    def _document(self, ask: Ask) -> dict[str, Any]:
        given = ask.text("document")
        if given in self.files:
            path, content = self.files[given]
            return {"file_id": given, "file_unique_id": given[-6:], "file_name": path, "file_size": len(content)}
        upload = ask.files.get(given.removeprefix("attach://") or "document")
        if upload is None:
            raise bad("wrong file identifier/HTTP URL specified" if given else "there is no document in the request")
        name, content, kind = upload
        if not content:
            raise bad("file must be non-empty")
        if len(content) > MOST_UPLOAD:
            raise Refused(413, "Request Entity Too Large")
        return self.file(name, content, kind)

    def _text(self, ask: Ask, name: str, marks: str, most: int) -> tuple[str, list[dict[str, Any]]]:
        """The text and its entities, with those that Telegram finds. Nobody here parses markup: to use a parse mode is
        refused."""
        if ask.text("parse_mode"):
            raise bad("can't parse entities: parse_mode is not understood here")
        given = ask.structure(marks) or []
        if not ask.text(name) and name == "text" and ask.method != "sendmessagedraft":
            raise bad("message text is empty")
        text, kept = settled(ask.text(name), given, most, empty=name == "caption" or ask.method == "sendmessagedraft")
        if len(kept) != len(given):
            self.mended.append({"text": ask.text(name), "given": given, "kept": kept})
        return text, found(text, kept)

    def _create(self, ask: Ask, content: dict[str, Any], text: str) -> dict[str, Any]:
        place = self._place(ask.chat)
        place_id = int(place.chat["id"])
        told = self._reply(ask, place_id)
        told |= self._in_topic(self._thread(place, ask.number("message_thread_id")))
        if told.get("is_topic_message"):
            self._thread(place, told["message_thread_id"])  # a reply stays in its topic, which may be closed
        author = {"from": self._me()} if place.chat["type"] != "channel" else {"sender_chat": place.chat}
        message = self._new(place_id, author, told | content | self._markup(ask))
        self.previews = {key: draft for key, draft in self.previews.items() if key[0] != place_id}
        self.writes.append(("create", place_id, message["message_id"], text))
        return message

    def _me(self) -> dict[str, Any]:
        return self._person(BOT)

    def _reply(self, ask: Ask, chat: int) -> dict[str, Any]:
        reply = ask.structure("reply_parameters")
        if reply is None:
            return {}
        if not isinstance(reply, dict) or not isinstance(reply.get("message_id"), int):
            raise bad('can\'t parse reply parameters: field "message_id" must be a Number')
        told = self._about_reply(chat, reply["message_id"])
        if not told and not reply.get("allow_sending_without_reply"):
            raise bad("message to be replied not found")
        quote = reply.get("quote")
        if told and quote:
            if quote not in told["reply_to_message"].get("text", ""):
                raise bad("QUOTE_TEXT_INVALID")
            told["quote"] = {"text": quote, "position": reply.get("quote_position", 0), "is_manual": True}
        return told

    def _markup(self, ask: Ask) -> dict[str, Any]:
        markup = ask.structure("reply_markup")
        if markup is None:
            return {}
        check_markup(markup)
        return {"reply_markup": markup} if markup.get("inline_keyboard") else {}

    def _draft(self, ask: Ask) -> bool:
        text, entities = self._text(ask, "text", "entities", MOST_TEXT)
        place = self._place(ask.chat)
        if place.chat["type"] != "private":
            raise bad("TEXTDRAFT_PEER_INVALID")
        if not ask.number("draft_id"):
            raise bad("RANDOM_ID_INVALID")
        thread = self._thread(place, ask.number("message_thread_id"))
        chat = int(place.chat["id"])
        draft = Draft(chat, ask.number("draft_id"), text, entities, thread, self.now(), ask.flag("can_stop"))
        self.drafts.append(draft)
        self.previews[chat, draft.id] = draft
        return True

    def _edit(self, ask: Ask) -> dict[str, Any] | bool:
        """editMessageText, editMessageMedia and editMessageReplyMarkup."""
        changed = self._changed(ask)
        markup = self._markup(ask)
        if ask.text("inline_message_id"):
            return self._change(self._sent_inline(ask.text("inline_message_id")), changed, markup)
        message = self._own(ask)
        if changed and "text" in changed and "text" not in message:
            raise bad("there is no text in the message to edit")
        self._change(message, changed, markup)
        message["edit_date"] = int(self.now())
        text = message.get("text", message.get("caption", ""))
        self.writes.append(("edit", message["chat"]["id"], message["message_id"], text))
        return message

    def _changed(self, ask: Ask) -> dict[str, Any] | None:
        """What the message is to hold from now on; None: what it holds already."""
        if ask.method == "editmessagetext":
            text, entities = self._text(ask, "text", "entities", MOST_TEXT)
            return {"text": text, "entities": entities}
        if ask.method == "editmessagemedia":
            media = ask.structure("media")
            if not isinstance(media, dict) or media.get("type") != "document":
                raise bad("can't parse InputMedia: a document is understood here")
            ask.fields |= {"caption_entities": json.dumps(media.get("caption_entities", []))}
            ask.fields |= {name: media[key] for name, key in PARTS.items() if key in media}
            caption, entities = self._text(ask, "caption", "caption_entities", MOST_CAPTION)
            return {"document": self._document(ask), "caption": caption, "caption_entities": entities}
        return None

    def _own(self, ask: Ask) -> dict[str, Any]:
        place = self._place(ask.chat, write=False)
        message = self.messages.get((int(place.chat["id"]), ask.number("message_id")))
        if message is None:
            raise bad("message to edit not found")
        if message.get("from", {}).get("id") != BOT and place.chat["type"] != "channel":
            raise bad("message can't be edited")
        return message

    def _sent_inline(self, inline_message_id: str) -> dict[str, Any]:
        if inline_message_id not in self.inline:
            raise bad("MESSAGE_ID_INVALID")
        return self.inline[inline_message_id]

    def _change(self, message: dict[str, Any], changed: dict[str, Any] | None, markup: dict[str, Any]) -> bool:
        content = {key: message[key] for key in CONTENT if key in message} if changed is None else changed
        after = {key: value for key, value in {**content, **markup}.items() if value}
        if after == {key: message[key] for key in (*CONTENT, "reply_markup") if message.get(key)}:
            raise bad(NOT_MODIFIED)
        for key in (*CONTENT, "reply_markup"):
            message.pop(key, None)
        message |= after
        return True

    def _delete(self, ask: Ask) -> bool:
        if not ask.number("message_id"):
            raise bad("message identifier is not specified")
        place = self._place(ask.chat, write=False)
        key = (int(place.chat["id"]), ask.number("message_id"))
        message = self.messages.get(key)
        if message is None:
            raise bad("message to delete not found")
        own = message.get("from", {}).get("id") == BOT
        allowed = own or place.chat["type"] == "private" or place.status == ADMINISTRATOR
        if not allowed or self.now() - message["date"] > DELETABLE:
            raise bad("message can't be deleted")
        del self.messages[key]
        self.writes.append(("delete", *key, ""))
        return True

    def _act(self, ask: Ask) -> bool:
        """sendChatAction."""
        if ask.text("action") not in ACTIONS:
            raise bad("wrong parameter action in request")
        place = self._place(ask.chat)
        self._thread(place, ask.number("message_thread_id"))
        self.typing[int(place.chat["id"])] += 1
        return True

    def _react(self, ask: Ask) -> bool:
        place = self._place(ask.chat, write=False)
        key = (int(place.chat["id"]), ask.number("message_id"))
        if key not in self.messages:
            raise bad("message to react not found")
        reactions = ask.structure("reaction") or []
        if len(reactions) > 1:  # what a bot may set (setMessageReaction)
            raise bad("REACTIONS_TOO_MANY")
        if any(reaction.get("type") not in {"emoji", "custom_emoji"} for reaction in reactions):
            raise bad("REACTION_INVALID")
        self.reactions[key] = reactions
        return True

    def _answer_callback(self, ask: Ask) -> bool:
        if units(ask.text("text")) > MOST_ALERT:
            raise bad("MESSAGE_TOO_LONG")
        return self._answer(ask.text("callback_query_id"), ask.fields)

    def _answer_inline(self, ask: Ask) -> bool:
        results = ask.structure("results")
        if not isinstance(results, list):
            raise bad("expected an Array of InlineQueryResult")
        if len(results) > MOST_RESULTS:
            raise bad("RESULTS_TOO_MUCH")
        ids = [str(result.get("id", "")) for result in results]
        if len(set(ids)) != len(ids):
            raise bad("RESULT_ID_DUPLICATE")
        for result in results:
            self._check_result(result)
        return self._answer(ask.text("inline_query_id"), {**ask.fields, "results": results})

    def _check_result(self, result: dict[str, Any]) -> None:
        content = result.get("input_message_content") or {}
        if not 1 <= len(str(result.get("id", "")).encode()) <= 64:  # the reference's own number
            raise bad("RESULT_ID_INVALID")
        if result.get("type") != "article" or not result.get("title"):
            raise bad("can't parse inline query result: an article with a title is understood here")
        if content.get("parse_mode") or not content.get("message_text"):
            raise bad("can't parse InputMessageContent: message text is empty")
        settled(content["message_text"], content.get("entities") or [])
        if "reply_markup" in result:
            check_markup(result["reply_markup"])

    def _answer(self, query: str, fields: dict[str, Any]) -> bool:
        at, _ = self._queries.get(query, (0.0, {}))
        if query in self.answered or self.now() - at > QUERY_LIFE:
            raise bad(OLD_QUERY)
        self.answered[query] = fields
        return True
