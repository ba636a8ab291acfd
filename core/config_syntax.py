"""What is wrong with a text that is no YAML, in our words: where, and what is expected there as far as the parser knows.

The parser's own sentences are in the source of PyYAML 6 (`yaml/scanner.py`, `yaml/parser.py`, `yaml/composer.py`). Nothing of the
text is repeated but single signs of YAML: it may be a secret.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml
from yaml.reader import ReaderError

_QUOTE = "text that begins with one stands in quotation marks"
_FOUND = {
    "<stream end>": "the end of the file",
    "<document end>": "the end of the document",
    "<document start>": "a second document",
    "<scalar>": "text",
    "<block mapping start>": "keys in another column",
    "<block sequence start>": "a list in another column",
    "<alias>": "an alias",
    "<anchor>": "an anchor",
    "<tag>": "a tag",
    "?": "a key",
    "-": "an item of a list",
    ":": "a colon",
    ",": "a comma",
}
"""The names that the parser has for what it found; others are signs, and shown as they are."""


@dataclass(frozen=True, slots=True)
class _Case:
    """problem: the parser's sentence, or its beginning. words: ours; `found` in them is what stood there, `begun` the place
    where the list, the keys or the text began in which it stood. begins: that place is told, instead of the one where the
    parser noticed."""

    problem: str
    words: str
    begins: bool = False


_CASES = (
    _Case(r"found character '\\t'", "expected spaces, got a tab"),
    _Case(r"found character '(?P<found>.)'", f"expected a value, got {{found}}: {_QUOTE}"),
    _Case(
        r"found unexpected (?:end of stream|document separator)",
        "expected a quotation mark where this text ends",
        begins=True,
    ),
    _Case(
        r"found unknown escape|expected escape|found invalid",
        "expected an escape such as \\n; in single quotation marks a backslash is nothing special",
    ),
    _Case(
        r"mapping values are not allowed",
        "expected no colon: is the line too far in, has the one above its colon, has text with a colon quotation marks?",
    ),
    _Case(r"could not find expected ':'", "expected a colon and a space after this key", begins=True),
    _Case(r"sequence entries are not allowed", "expected the items of a list on lines of their own"),
    _Case(
        r"expected '(?P<one>.)' or '(?P<other>.)', but got '(?P<found>.+)'",
        "expected {one} or {other} in what began in {begun}, got {found}",
    ),
    _Case(
        r"expected <block end>, but found '(?P<found><scalar>|[][{},])'",
        "expected the end of the line after a value, got {found}",
    ),
    _Case(r"expected <block end>, but found ':'", "expected a key before the colon"),
    _Case(
        r"expected <block end>, but found '(?P<found>.+)'",
        "expected more of what stands above, in its column and of its kind, got {found}",
    ),
    _Case(r"expected the node content, but found '(?P<found>.+)'", "expected a value, got {found}"),
    _Case(
        r"expected '<document start>', but found '<stream end>'", "expected keys and values, got the end of the file"
    ),
    _Case(r"expected '<document start>', but found '(?P<found>.+)'", "expected the end of the file, got {found}"),
    _Case(r"but found another document", "expected one document, got a second one"),
    _Case(
        r"expected (?:chomping|indentation|a comment)",
        "expected a text on the lines after this one; one that begins with | or > stands in quotation marks",
    ),
    _Case(
        r"expected (?:alphabetic|URI|'>')", f"expected a value, got an anchor, an alias or a tag: {_QUOTE}", begins=True
    ),
)


def explain(error: yaml.MarkedYAMLError) -> str:
    """``line 2, column 5: expected …``; one line."""
    problem = error.problem or ""
    for case in _CASES:
        if match := re.match(case.problem, problem):
            break
    else:
        return f"{where(error.problem_mark)}expected YAML"
    named = match.groupdict()
    found = named.get("found", "")
    words = case.words.format(**named | {"found": _FOUND.get(found, found), "begun": where(error.context_mark)[:-2]})
    return where(error.context_mark if case.begins else error.problem_mark) + words


def unreadable(error: ReaderError, text: str) -> str:
    """The same for a sign that no YAML may hold."""
    before = text[: error.position]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return f"line {line}, column {column}: expected text, got a character that cannot stand there"


def where(mark: yaml.Mark | None) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
