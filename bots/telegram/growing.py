"""Markdown that is still being written: what is half there is completed as it will be, so that no sign of markup is seen
for a moment as if it were text.

It is a guess, and only for the time of writing: where it is wrong, the last version of a message shows what was written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bots.shared.split import fenced_lines
from bots.telegram.formulas import balanced, is_formula

_BLOCK = re.compile(r"\n[ \t>]*\n|\n(?=[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t])|(?<=\n)(?=[ \t>]*#{1,6} )")
"""Where the last lines begin at the latest: markup within a line reaches no further back."""
_ONLY_SIGNS = re.compile(r"(?:\A|(?<=\n))[ \t>]*(?:[-=+*_#~:|]+|`{1,2}|[-*+] +\[[ xX]?\]?)[ \t]*\Z")
"""A last line that may become a rule, a heading, an item, a task, a fence."""
_CUT_FENCE = re.compile(r"\n[ \t>]*(?:`{1,2}|~{1,2})\Z")
_TABLE = re.compile(r"(?:\A|(?<=\n))(?P<head>[ \t>]*\|(?!\|)[^\n]*)(?P<more>(?:\n[ \t>]*\|[^\n]*)*)\n?\Z")
_HALF_RULE = re.compile(r"(?:\n[|:\- \t>]*)?")
_BARRED = re.compile(r"(?<!\\)\|")
_TOKEN = re.compile(
    r"(?P<formula>\$\$|\\[(\[]|(?<![\w$])\$(?=[^\s\d$]))|\\.|(?P<ticks>`+)|(?P<run>\*+|_+|~~|\|\|)"
    r"|(?P<address>\]\((?:[^()\n]|\([^()\n]*\))*\)?|https?://[^\s<>()\[\]`]*[^\s<>()\[\]`*_~|])",
    re.DOTALL,
)
_CLOSED_BY = {"$$": "$$", "\\(": "\\)", "\\[": "\\]", "$": "$"}
_HALF_LINK = re.compile(
    r"(?P<image>!?)\[(?P<text>(?!\^)(?:[^\[\]\\]|\\.|\[[^\[\]]*\]){0,300})"
    r"(?:\](?:\((?:[^()\n]|\([^()\n]*\)?)*|\[[^\[\]\n]*\]?)?)?\Z"
)
_HALF_SIGN = re.compile(
    r"(?:!?\[|(?<!\S)!|\\[(\[]?|\$\$?|&#?\w{0,8}|~|\|)\Z|<(?=(?:h|ht|htt|https?|https?:[^\s<>]*)?\Z)"
)
_BEGUN = re.compile(r"\\[A-Za-z]|[\^_]")
"""What makes the rest of a text behind a dollar sign a formula rather than a price or a variable."""
_CUT_COMMAND = re.compile(r"(?:\\[A-Za-z]*|[\^_])\Z")


def completed(markdown: str) -> str:
    """*markdown* as it will look when what was begun is finished."""
    *_, (_, before, after) = [("", None, None), *fenced_lines(markdown)]
    if before or after:
        return _CUT_FENCE.sub("", markdown) if after else markdown
    markdown = _ONLY_SIGNS.sub("", markdown)
    begins = max((found.end() for found in _BLOCK.finditer(markdown)), default=0)
    tail = markdown[begins:]
    if table := _TABLE.search(tail):
        return markdown[: begins + table.start()] + _table(table["head"], table["more"])
    return markdown[:begins] + _Tail(tail).completed()


def _table(head: str, rows: str) -> str:
    """A table with all that makes its first line one, and its last cell completed."""
    if not _HALF_RULE.fullmatch(rows):
        cell = max(found.end() for found in _BARRED.finditer(rows))
        return head + rows[:cell] + _Tail(rows[cell:]).completed()
    columns = len(_BARRED.findall(head.rstrip().removesuffix("|")))
    indent = head[: head.index("|")]
    return f"{head}\n{indent}{'|-' * max(1, columns)}|"


@dataclass(slots=True)
class _Tail:
    """The last lines, read from left to right. open: the signs that wait for their like. opaque: where there is code, a
    formula, an address, or a sign that has found its like."""

    text: str
    open: list[str] = field(default_factory=list)
    opaque: list[tuple[int, int]] = field(default_factory=list)

    def completed(self) -> str:
        place = 0
        while token := _TOKEN.search(self.text, place):
            place = token.end()
            if token["run"]:
                self._emphasis(token)
            elif token["ticks"] or token["formula"]:
                end = self._end_of(token)
                if end is None:
                    cut = self._cut(token)
                    text, masked = self._without_half(self.text[: token.start()])
                    return self._closed(text + cut, masked + "\0" * len(cut))
                self.opaque.append((token.start(), end))
                place = end
            elif token["address"] and token["address"][-1] != ")":
                break
        return self._closed(*self._without_half(self.text))

    def _closed(self, text: str, masked: str) -> str:
        """*text* with what ends the emphasis that is open in it; where there is nothing in it yet, without."""
        while self.open and masked.rstrip().endswith(self.open[-1]):
            masked = masked.rstrip().removesuffix(self.open.pop())
        return text[: len(masked.rstrip())] + "".join(reversed(self.open))

    def _without_half(self, text: str) -> tuple[str, str]:
        """*text* without the signs of a link that is not whole; also with nothing to see where it is opaque."""
        masked = text
        for start, end in self.opaque:
            masked = masked[:start] + "\0" * (min(end, len(text)) - start) + masked[end:]
        if half := _HALF_SIGN.search(masked):
            text, masked = (shown[: half.start()] + shown[half.end() :] for shown in (text, masked))
        if found := _HALF_LINK.search(masked):
            frame = "![{}]()" if found["image"] and found["text"] else "{}"
            begin, end = found.span("text")
            text, masked = (shown[: found.start()] + frame.format(shown[begin:end]) for shown in (text, masked))
        return text, masked

    def _end_of(self, token: re.Match[str]) -> int | None:
        """Where what *token* begins ends; None where that is not written yet."""
        if token["ticks"]:
            closing = re.compile(rf"(?<!`){token['ticks']}(?!`)").search(self.text, token.end())
            return closing.end() if closing else None
        closed_by = _CLOSED_BY[token["formula"]]
        end = self.text.find(closed_by, token.end())
        if end >= 0:
            return end + len(closed_by)
        rest = _CUT_COMMAND.sub("", self.text[token.end() :])
        begun = _BEGUN.search(rest) if closed_by == "$" else not rest.strip() or is_formula(rest)
        return None if begun else token.end()

    def _cut(self, token: re.Match[str]) -> str:
        """Code or a formula without its end."""
        rest = self.text[token.end() :]
        if token["ticks"]:
            code = rest.rstrip("`").strip()
            return f"{token['ticks']} {code} {token['ticks']}" if code else ""
        formula = _CUT_COMMAND.sub("", rest.rstrip("$\\")).strip()
        mark = "$" if token["formula"] in {"$", "\\("} else "$$"
        return mark + balanced(formula) + mark if formula else ""

    def _emphasis(self, token: re.Match[str]) -> None:
        run, (begins, ends) = token["run"], self._flanks(token)
        if ends:
            run = self._closing(run, last=token.end() == len(self.text))
        self.opaque.append((token.start(), token.end() - len(run)))
        if token.end() == len(self.text):
            self.text = self.text[: len(self.text) - len(run)]
        elif run and begins:
            self.open.append(run)

    def _closing(self, run: str, *, last: bool) -> str:
        """What is left of *run* when it has closed what it can. last: it may be longer yet."""
        while run and any(mark[0] == run[0] for mark in self.open):
            while self.open[-1][0] != run[0]:
                self.open.pop()
            mark = self.open.pop()
            if len(mark) > len(run):
                self.open.append(mark if last else mark[len(run) :])
                return run if last else ""
            run = run[len(mark) :]
        return run

    def _flanks(self, token: re.Match[str]) -> tuple[bool, bool]:
        """Whether a run of signs can begin emphasis, and whether it can end it."""
        before, after = self.text[: token.start()][-1:], self.text[token.end() :][:1]
        begins, ends = bool(after.strip()), bool(before.strip())
        if token["run"][0] == "_" or (before + after).isascii():
            # In names and in sums nothing begins.
            begins = begins and not before.isalnum() and before not in {")", "]", "."}
            ends = ends and not after.isalnum()
        return begins, ends
