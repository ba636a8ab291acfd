"""What a bot asks and tells about itself and its chats through the Bot API."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.support.telegram_messages import TelegramMessages
from tests.support.telegram_rules import bad
from tests.support.telegram_world import ADMINISTRATOR, BOT, LEFT, MEMBER, MOST_FILE, Ask, Place, me

MOST_COMMANDS = 100
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
LANGUAGE = re.compile(r"([a-z]{2})?")
"""BotCommand and setMyCommands: ISO 639-1, or empty for everybody."""
LENGTHS = {"name": 64, "description": 512, "short_description": 120}
SCOPES = frozenset(
    {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
    | {"chat", "chat_administrators", "chat_member"}
)
RIGHTS = (
    *("can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members"),
    *("can_promote_members", "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories"),
    *("can_delete_stories", "can_be_edited", "is_anonymous"),
)
GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
MAY = (
    *("can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos", "can_send_videos"),
    *("can_send_video_notes", "can_send_voice_notes", "can_send_polls", "can_send_other_messages"),
    *("can_add_web_page_previews", "can_change_info", "can_invite_users", "can_pin_messages", "can_manage_topics"),
    "can_edit_tag",
)


def standing(status: str) -> dict[str, Any]:
    """A ChatMember but for the user."""
    match status:
        case "administrator":
            return {"status": status, **dict.fromkeys(RIGHTS, False)}
        case "restricted":
            return {"status": status, "is_member": True, "until_date": 0, **dict.fromkeys(MAY, False)}
        case "kicked":
            return {"status": status, "until_date": 0}
    return {"status": status}


class TelegramProfile(TelegramMessages):
    """Each method takes a request and returns its result."""

    def _get_me(self, _ask: Ask) -> dict[str, Any]:
        return me(privacy=self.privacy, topics=self.topics)

    def _get_chat(self, ask: Ask) -> dict[str, Any]:
        place = self._place(ask.chat, write=False)
        more = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(GIFTS, True)}
        return {**place.chat, **more}

    def _get_member(self, ask: Ask) -> dict[str, Any]:
        place, who = self._place(ask.chat, write=False), ask.number("user_id")
        if who <= 0:
            raise bad("invalid user_id specified")
        return {"user": self._person(who), **self._standing(place, who)}

    def _get_administrators(self, ask: Ask) -> list[dict[str, Any]]:
        place = self._place(ask.chat, write=False)
        if place.chat["type"] == "private":
            raise bad("there are no administrators in the private chat")
        every = [(who, self._standing(place, who)) for who in sorted({*place.admins, BOT})]
        return [{"user": self._person(who), **how} for who, how in every if how["status"] == ADMINISTRATOR]

    def _standing(self, place: Place, who: int) -> dict[str, Any]:
        status = place.status if who == BOT else MEMBER if who in place.members else LEFT
        return standing(ADMINISTRATOR if who in place.admins else status)

    def _leave(self, ask: Ask) -> bool:
        self._place(ask.chat, write=False).status = LEFT
        return True

    def _get_file(self, ask: Ask) -> dict[str, Any]:
        if ask.text("file_id") not in self.files:
            raise bad("invalid file_id" if ask.text("file_id") else "file_id not specified")
        path, content = self.files[ask.text("file_id")]
        if len(content) > MOST_FILE:
            raise bad("file is too big")
        unique = f"AgAD{ask.text('file_id')[-6:]}"
        return {"file_id": ask.text("file_id"), "file_unique_id": unique, "file_size": len(content), "file_path": path}

    def _set_commands(self, ask: Ask) -> bool:
        commands = ask.structure("commands")
        if not isinstance(commands, list):
            raise bad("expected an Array of BotCommand")
        if len(commands) > MOST_COMMANDS:
            raise bad("BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            if not COMMAND.fullmatch(str(command.get("command", ""))):
                raise bad("BOT_COMMAND_INVALID")
            if not 1 <= len(str(command.get("description", ""))) <= 256:  # the reference's own number
                raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands[self._scope(ask)] = commands
        return True

    def _get_commands(self, ask: Ask) -> list[dict[str, str]]:
        return self.commands.get(self._scope(ask), [])

    def _delete_commands(self, ask: Ask) -> bool:
        self.commands.pop(self._scope(ask), None)
        return True

    def _scope(self, ask: Ask) -> tuple[str, str]:
        scope = ask.structure("scope") or {"type": "default"}
        if scope.get("type") not in SCOPES:
            raise bad("can't parse BotCommandScope: Unsupported type specified")
        if scope["type"].startswith("chat") and "chat_id" not in scope:
            raise bad("can't parse BotCommandScope: Empty chat_id specified")
        if scope["type"] == "chat":
            self._place(scope["chat_id"], write=False)
        return json.dumps(scope, sort_keys=True), self._language(ask)

    def _language(self, ask: Ask) -> str:
        if not LANGUAGE.fullmatch(ask.text("language_code")):
            raise bad("invalid language code specified")
        return ask.text("language_code")

    def _set_profile(self, ask: Ask) -> bool:
        what = self._facet(ask, "setmy")
        if len(ask.text(what)) > LENGTHS[what]:
            raise bad(f"bot {what} is too long")
        self.profile[what, self._language(ask)] = ask.text(what)
        return True

    def _get_profile(self, ask: Ask) -> dict[str, str]:
        what = self._facet(ask, "getmy")
        own = self.profile.get((what, self._language(ask)))
        return {what: own or self.profile.get((what, ""), "Parlour" if what == "name" else "")}

    def _facet(self, ask: Ask, prefix: str) -> str:
        return ask.method.removeprefix(prefix).replace("shortdescription", "short_description")
