"""Reasoning that a model writes into its answer, between tags at its beginning."""

from __future__ import annotations

_OPEN = "<think>"
_CLOSE = "</think>"


class ThoughtFilter:
    """Takes ``<think>…</think>`` off the beginning of a text that comes in pieces, wherever they were cut. The same tags
    further on are part of the answer."""

    def __init__(self) -> None:
        self.through = False
        """The answer has begun: nothing will be taken off any more."""
        self._thinking = False
        self._trimming = False
        self._held = ""

    def feed(self, piece: str) -> str:
        """What of the text up to now is certainly answer and was not returned before."""
        if self.through:
            return piece
        self._held += piece
        if self._thinking:
            self._leave_thoughts()
        if not self._thinking:
            return self._begin()
        return ""

    def end(self) -> str:
        """What was held back and turned out to be answer."""
        held = "" if self._thinking or self._trimming else self._held
        self._held = ""
        return held

    def _begin(self) -> str:
        text = self._held.lstrip()
        if not self._trimming and text.startswith(_OPEN):
            self._thinking, self._held = True, text[len(_OPEN) :]
            self._leave_thoughts()
            return "" if self._thinking else self._begin()
        if not text or (not self._trimming and _OPEN.startswith(text)):
            return ""
        answer, self._held = text if self._trimming else self._held, ""
        self.through = True
        return answer

    def _leave_thoughts(self) -> None:
        _, tag, answer = self._held.partition(_CLOSE)
        if tag:
            self._thinking, self._trimming, self._held = False, True, answer
        else:
            self._held = self._held[-len(_CLOSE) :]
