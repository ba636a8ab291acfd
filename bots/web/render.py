"""What a page is told, as JSON. Pure. Times are Unix seconds, costs US dollars, null where no price is known."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from bots.web.translate import short
from core.conversations.context import ContextReport
from core.conversations.exporting import Document
from core.conversations.invoking import Choice, Command, Reaction
from core.conversations.reports import excerpt
from core.domain import Answer, Incoming, Message, MessageId, Role, Turn, Usage, UsageReport, text_of
from core.domain import question_id as question_of
from core.domain_sharing import Found, Shelved
from core.wording import say

Json = dict[str, Any]
NANO = 1_000_000_000
"""Nano-dollars in a dollar."""


def encoded(kind: str, **fields: object) -> str:
    """An event for a feed."""
    return json.dumps({"kind": kind, **fields}, ensure_ascii=False, separators=(",", ":"))


def usage(used: Usage) -> Json:
    return {
        "prompt": used.prompt,
        "cached": used.cached,
        "completion": used.completion,
        "reasoning": used.reasoning,
        "calls": used.calls,
        "cost": None if used.spent is None else used.spent / NANO,
    }


def messages(path: Sequence[Message], everything: Sequence[Message]) -> list[Json]:
    """The branch *path*, each message with its siblings among *everything*: questions beside questions, answers beside
    answers, oldest first."""
    siblings: dict[tuple[MessageId | None, Role], list[str]] = defaultdict(list)
    for each in everything:
        siblings[each.parent, each.role].append(short(each.id))
    return [message(each, siblings[each.parent, each.role]) for each in path]


def message(kept: Message, siblings: Sequence[str]) -> Json:
    return {
        "id": short(kept.id),
        "parent": kept.parent and short(kept.parent),
        "role": kept.role.value,
        "text": kept.text,
        "at": kept.at,
        "model": kept.model,
        "finish": kept.finish,
        "usage": kept.usage and usage(kept.usage),
        "siblings": list(siblings),
    }


def answer(turn: Turn, shown: Answer, at: float) -> Json:
    """The answer to *turn*, kept at *at*. Its siblings are known to who reads the conversation."""
    return {
        "id": short(shown.id),
        "parent": short(turn.incoming.again or question_of(turn.id)),
        "role": Role.ASSISTANT.value,
        "text": shown.text,
        "at": at,
        "model": shown.model,
        "finish": shown.finish.value,
        "usage": usage(shown.usage),
    }


def question(incoming: Incoming, revises: MessageId | None, words: str = "") -> Json:
    """What is asked and not answered yet. revises: the earlier question that it edits. words: of the answer so far."""
    return {
        "turn": short(incoming.event_id),
        "text": text_of(incoming.parts),
        "at": incoming.sent_at,
        "again": incoming.again and short(incoming.again),
        "revises": revises and short(revises),
        "words": words,
    }


def shelved(entry: Shelved) -> Json:
    found = {"excerpt": entry.excerpt} if isinstance(entry, Found) and entry.excerpt else {}
    return {"id": short(entry.conversation), "title": entry.title, "at": entry.at, **found}


def context(report: ContextReport, used: UsageReport) -> Json:
    parts = [
        {"id": short(kept.id), "role": kept.role.value, "excerpt": excerpt(kept.text), "tokens": tokens}
        for kept, tokens in report.kept
    ]
    return {
        "model": report.model,
        "exact": report.exact,
        "persona": report.persona,
        "persona_tokens": report.persona_tokens,
        "parts": parts,
        "cut": {"messages": report.cut_messages, "tokens": report.cut_tokens},
        "used": report.used,
        "budget": report.budget,
        "usage": {"total": usage(used.total), "today": usage(used.today)},
    }


def reaction(said: Reaction) -> Json:
    return {
        "text": said.text,
        "choices": [
            {"value": choice.value, "label": choice.label, "current": choice.current} for choice in said.choices
        ],
        "documents": [_document(each) for each in said.documents],
        "turn": said.turn and short(said.turn),
        "forgotten": said.forgotten,
    }


def _document(written: Document) -> Mapping[str, str]:
    return {"name": written.name, "media_type": written.media_type, "content": written.content.decode()}


def command(known: Command, language: str) -> Json:
    return {
        "name": known.name,
        "aliases": list(known.aliases),
        "usage": known.usage(language),
        "help": say(known.help, language),
        "argument": known.argument and say(known.argument, language),
    }


def choice(offered: Choice) -> Json:
    return {"id": offered.value, "current": offered.current}
