"""The Bot API's wire on loopback: who asks, how often, for what; with its flood limits and faults to order."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection
from typing import Any

from aiohttp import web

from tests.support.telegram_profile import TelegramProfile
from tests.support.telegram_rules import NOT_MODIFIED, Refused, bad, flooded
from tests.support.telegram_world import TOKEN, Ask, Fault, broken, failed, fine, read

TOKENS = re.compile(r"\d+:[\w-]{35}")
WHERE = frozenset({"chat_id", "message_thread_id"})
SENDING = WHERE | {"reply_parameters", "reply_markup", "disable_notification", "protect_content", "message_effect_id"}
TEXT = frozenset({"text", "parse_mode", "entities"})
MESSAGE = frozenset({"chat_id", "message_id"})
EDITING = MESSAGE | {"inline_message_id", "reply_markup"}
WEBHOOK = frozenset({"url", "ip_address", "max_connections", "allowed_updates", "drop_pending_updates", "secret_token"})
SCOPE = frozenset({"scope", "language_code"})
FIELDS: dict[str, frozenset[str]] = {
    "getme": frozenset(),
    "getupdates": frozenset({"offset", "limit", "timeout", "allowed_updates"}),
    "setwebhook": WEBHOOK,
    "deletewebhook": frozenset({"drop_pending_updates"}),
    "getwebhookinfo": frozenset(),
    "sendmessage": SENDING | TEXT | {"link_preview_options"},
    "senddocument": SENDING
    | {"document", "caption", "parse_mode", "caption_entities", "disable_content_type_detection"},
    "sendmessagedraft": WHERE | TEXT | {"draft_id", "can_stop", "keep_on_stop"},
    "sendchataction": WHERE | {"action"},
    "editmessagetext": EDITING | TEXT | {"link_preview_options"},
    "editmessagemedia": EDITING | {"media"},
    "editmessagereplymarkup": EDITING,
    "deletemessage": MESSAGE,
    "setmessagereaction": MESSAGE | {"reaction", "is_big"},
    "answercallbackquery": frozenset({"callback_query_id", "text", "show_alert", "url", "cache_time"}),
    "answerinlinequery": frozenset(
        {"inline_query_id", "results", "cache_time", "is_personal", "next_offset", "button"}
    ),
    "getchat": frozenset({"chat_id"}),
    "getchatmember": frozenset({"chat_id", "user_id"}),
    "getchatadministrators": frozenset({"chat_id", "return_bots"}),
    "leavechat": frozenset({"chat_id"}),
    "getfile": frozenset({"file_id"}),
    "setmycommands": SCOPE | {"commands"},
    "getmycommands": SCOPE,
    "deletemycommands": SCOPE,
    "setmyname": frozenset({"name", "language_code"}),
    "setmydescription": frozenset({"description", "language_code"}),
    "setmyshortdescription": frozenset({"short_description", "language_code"}),
    "getmyname": frozenset({"language_code"}),
    "getmydescription": frozenset({"language_code"}),
    "getmyshortdescription": frozenset({"language_code"}),
}
"""What each method understood here takes, by the reference."""
COUNTED = {
    "sendmessage": "write",
    "senddocument": "write",
    "editmessagetext": "write",
    "editmessagemedia": "write",
    "editmessagereplymarkup": "write",
    "sendmessagedraft": "draft",
    "sendchataction": "act",
    "deletemessage": "act",
    "setmessagereaction": "act",
}
"""How flood control counts a method; others it does not count."""


class TelegramRest(TelegramProfile):
    """Every request is checked before it is obeyed."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._hanging = asyncio.Event()
        self._methods: dict[str, Callable[[Ask], Any]] = {
            "getme": self._get_me,
            "getwebhookinfo": lambda _ask: self.updates.about_webhook(),
            "sendmessage": self._send,
            "senddocument": self._send_document,
            "sendmessagedraft": self._draft,
            "sendchataction": self._act,
            "editmessagetext": self._edit,
            "editmessagemedia": self._edit,
            "editmessagereplymarkup": self._edit,
            "deletemessage": self._delete,
            "setmessagereaction": self._react,
            "answercallbackquery": self._answer_callback,
            "answerinlinequery": self._answer_inline,
            "getchat": self._get_chat,
            "getchatmember": self._get_member,
            "getchatadministrators": self._get_administrators,
            "leavechat": self._leave,
            "getfile": self._get_file,
            "setmycommands": self._set_commands,
            "getmycommands": self._get_commands,
            "deletemycommands": self._delete_commands,
            **dict.fromkeys(("setmyname", "setmydescription", "setmyshortdescription"), self._set_profile),
            **dict.fromkeys(("getmyname", "getmydescription", "getmyshortdescription"), self._get_profile),
        }

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"].lower()
        self.requests[method] += 1
        if self.latency:
            await asyncio.sleep(self.latency)
        try:
            admit(request.match_info["token"], method, self.lacks)
            ask = await read(request)
            fault = self._fault(ask)
            if fault is not None and fault.kind not in {"lost", "stuck"}:
                return await self._fail(request, ask, fault)
            response = fine(await self._obey(ask))
        except Refused as problem:
            return self._refuse(method, problem)
        self.statuses[200] += 1
        if fault is not None and fault.kind == "stuck":
            await self._hanging.wait()
        if fault is not None:
            broken(request)
        return response

    def _refuse(self, method: str, problem: Refused) -> web.Response:
        self.statuses[problem.status] += 1
        if NOT_MODIFIED in str(problem):
            self.unchanged += 1
        elif problem.status in {400, 401, 404}:
            self.refused.append({"method": method, **problem.body})
        return failed(problem)

    def _fault(self, ask: Ask) -> Fault | None:
        due = (fault for fault in self.faults if fault.times > 0 and fault.matches(ask.method, ask.fields))
        fault = next(due, None)
        if fault is not None:
            fault.times -= 1
        return fault

    async def _fail(self, request: web.Request, ask: Ask, fault: Fault) -> web.StreamResponse:
        if fault.kind == "hang":
            await self._hanging.wait()
        if fault.kind == 429:  # Too Many Requests
            place = ask.chat if fault.scope == "chat" else None
            self.flood.close(fault.retry_after, place, self.now())
            return failed(flooded(fault.retry_after))
        if isinstance(fault.kind, int):
            return web.Response(status=fault.kind, text="<html>upstream</html>", content_type="text/html")
        broken(request)
        return web.Response(status=500)

    async def _obey(self, ask: Ask) -> Any:
        if unknown := set(ask.fields) - FIELDS[ask.method]:
            raise bad(f"{ask.method}: {sorted(unknown)} not in the reference")
        if ask.method in COUNTED:
            self.flood.admit(COUNTED[ask.method], ask.chat, self.now())
        if ask.method == "getupdates":
            self.updates.allow(ask.structure("allowed_updates"))
            return await self.updates.poll(ask.number("offset"), ask.number("limit", 100), ask.number("timeout"))
        if ask.method in {"setwebhook", "deletewebhook"}:
            self.updates.allow(ask.structure("allowed_updates"))
            asked = {name: ask.text(name) for name in ("url", "secret_token") if ask.text(name)}
            await self.updates.set_webhook(asked, drop=ask.flag("drop_pending_updates"))
            return True
        return self._methods[ask.method](ask)

    async def _download(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        known = dict(self.files.values())
        if request.match_info["token"] != TOKEN or path not in known:
            return failed(Refused(404, "Not Found"))
        return web.Response(body=known[path])


def admit(token: str, method: str, lacks: Collection[str]) -> None:
    """Raises Refused for what is not this bot's, and for what no method is called."""
    if not TOKENS.fullmatch(token):
        raise Refused(404, "Not Found")
    if token != TOKEN:
        raise Refused(401, "Unauthorized")
    if method not in FIELDS or method in lacks:
        raise Refused(404, "Not Found: method not found")
