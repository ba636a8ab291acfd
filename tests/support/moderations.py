"""The Moderations API of a test's own server: strict about requests, and answering as OpenAI's reference has it. What it
finds in a text is decided by the words in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
FLAGGED_FROM = 0.5
MODELS = frozenset({"omni-moderation-latest", "omni-moderation-2024-09-26"})
LONGEST_ADVISED = 2000
"""Characters of a piece. Source: OpenAI's moderation guide."""


@dataclass
class Judge:
    """words: what each scores, by category. checked: every text that was sent, request by request."""

    words: dict[str, dict[str, float]] = field(
        default_factory=lambda: {"murder": {"violence": 0.9, "violence/graphic": 0.6}, "insult": {"harassment": 0.7}}
    )
    checked: list[list[str]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [text for texts in self.checked for text in texts]

    def complaint(self, body: Mapping[str, Any]) -> tuple[str, str] | None:
        """What is wrong with a request, and where."""
        unknown = next((name for name in body if name not in {"input", "model"}), None)
        if unknown:
            return f"Unrecognized request argument supplied: {unknown}", unknown
        texts = _texts(body.get("input"))
        if not texts or not all(isinstance(text, str) and text for text in texts):
            return "Invalid 'input': expected a text or an array of texts.", "input"
        if max(map(len, texts)) > LONGEST_ADVISED:
            return "Invalid 'input': a text is too long.", "input"
        return (
            None if body.get("model", "omni-moderation-latest") in MODELS else ("Invalid value for 'model'.", "model")
        )

    def verdict(self, body: Mapping[str, Any]) -> dict[str, Any]:
        texts = _texts(body["input"])
        self.checked.append(texts)
        results = [self._result(text) for text in texts]
        return {"id": f"modr-{len(self.checked)}", "model": "omni-moderation-2024-09-26", "results": results}

    def _result(self, text: str) -> dict[str, Any]:
        scores = dict.fromkeys(CATEGORIES, 0.0001) | dict(self._found(text))
        categories = {name: score >= FLAGGED_FROM for name, score in scores.items()}
        return {
            "flagged": any(categories.values()),
            "categories": categories,
            "category_scores": scores,
            "category_applied_input_types": {name: ["text"] for name in CATEGORIES},
        }

    def _found(self, text: str) -> Iterator[tuple[str, float]]:
        for word, scores in self.words.items():
            if word in text:
                yield from scores.items()


def _texts(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
