"""What /context and /usage say, and what stands below an answer. Pure."""

from __future__ import annotations

from core.conversations.context import ContextReport
from core.domain import Answer, Message, Role, Usage, UsageReport
from core.wording import Sentence, say

EXCERPT = 60
"""Characters of a message that stand for it in a list."""
_NANO = 1_000_000_000
_CENT = 10_000_000


def excerpt(text: str, length: int = EXCERPT) -> str:
    """The beginning of *text* on one line, at most *length* characters."""
    line = " ".join(text[: 4 * length].split())
    shortened = len(line) > length or len(text) > 4 * length
    return line[: length - 1].rstrip() + "…" if shortened else line


def cost(nano: int | None, language: str) -> str:
    """Nano-dollars as people read them: four decimals below a cent, else two."""
    if nano is None:
        return say(Sentence.COST_UNKNOWN, language)
    if 0 < nano < _CENT // 100:
        return "< $0.0001"
    return f"${nano / _NANO:.4f}" if 0 < nano < 10 * _CENT else f"${nano / _NANO:.2f}"


def shown_text(answer: Answer, language: str) -> str:
    """The answer as people read it: where another model than the chosen one gave it, that says so below."""
    return "\n\n".join(filter(None, (answer.text, note_on(answer, language))))


def note_on(answer: Answer, language: str) -> str:
    """What is to be said of an answer besides its words; empty where that is nothing."""
    if not answer.instead_of:
        return ""
    if answer.barred:
        return say(Sentence.MODEL_BARRED, language, model=answer.model, other=answer.instead_of)
    return say(Sentence.BUDGET_LOW, language, model=answer.model)


def context_text(report: ContextReport, language: str) -> str:
    counts = Sentence.CONTEXT_EXACT if report.exact else Sentence.CONTEXT_ESTIMATED
    lines = [
        say(Sentence.CONTEXT_TITLE, language, model=report.model, encoding=say(counts, language)),
        say(Sentence.CONTEXT_PERSONA, language, tokens=report.persona_tokens, name=report.persona),
    ]
    if report.cut_messages:
        cut = {"messages": report.cut_messages, "tokens": report.cut_tokens}
        lines.append(say(Sentence.CONTEXT_CUT, language, **cut))
    lines += [_line(message, tokens, language) for message, tokens in report.kept]
    lines.append(say(Sentence.CONTEXT_SUM, language, tokens=report.used, budget=report.budget))
    return "\n".join(lines)


def _line(message: Message, tokens: int, language: str) -> str:
    you = message.author or say(Sentence.ROLE_YOU, language)
    who = message.model if message.role is Role.ASSISTANT else you
    return say(Sentence.CONTEXT_MESSAGE, language, tokens=tokens, who=who, excerpt=excerpt(message.text))


def usage_text(report: UsageReport, language: str) -> str:
    return "\n".join(
        say(sentence, language, **_figures(usage, language))
        for sentence, usage in (
            (Sentence.USAGE_CONVERSATION, report.total),
            (Sentence.USAGE_TODAY, report.today),
        )
    )


def _figures(usage: Usage, language: str) -> dict[str, object]:
    return {
        "prompt": usage.prompt,
        "cached": round(100 * usage.cached / usage.prompt) if usage.prompt else 0,
        "completion": usage.completion,
        "cost": cost(usage.spent, language),
    }
