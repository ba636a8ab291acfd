"""A configuration with a slip in its YAML: where it is, and what is expected there."""

from __future__ import annotations

import pytest

from core.config import parse_config
from core.errors import ConfigError

COLON = "expected no colon: is the line too far in, has the one above its colon, has text with a colon quotation marks?"
BESIDE = "expected more of what stands above, in its column and of its kind, got"
MARKED = "text that begins with one stands in quotation marks"
SLIPS = {
    "web:\n  port: 8080\n   host: h": f"line 3, column 8: {COLON}",
    "web\nlog: {}": f"line 2, column 4: {COLON}",
    "personas: [{name: a, prompt: Be brief: yes}]": "line 1, column 38: expected , or } in what began in line 1, column 12, got a colon",
    "web:\n    port: 1\n  host: h": f"line 3, column 3: {BESIDE} keys in another column",
    "models:\n- {id: a}\n  - {id: b}": f"line 3, column 3: {BESIDE} a list in another column",
    "- a\nweb: {}": f"line 2, column 1: {BESIDE} a key",
    "  web: {}\nlog: {}": "line 2, column 1: expected the end of the file, got keys in another column",
    "web: {}\nlog\n": "line 2, column 1: expected a colon and a space after this key",
    "models: - a": "line 1, column 9: expected the items of a list on lines of their own",
    "web: {token: 'abc}": "line 1, column 14: expected a quotation mark where this text ends",
    'web: {token: "ab"c}': "line 1, column 18: expected , or } in what began in line 1, column 6, got text",
    'log: "in" fo': "line 1, column 11: expected the end of the line after a value, got text",
    "access: {users: [a,, b]}": "line 1, column 20: expected a value, got a comma",
    ": web": "line 1, column 1: expected a key before the colon",
    "web: @home": f"line 1, column 6: expected a value, got @: {MARKED}",
    "web: *": f"line 1, column 6: expected a value, got an anchor, an alias or a tag: {MARKED}",
    'store: "C:\\data"': "line 1, column 12: expected an escape such as \\n; in single quotation marks a backslash is nothing special",
    "personas: |now": "line 1, column 12: expected a text on the lines after this one",
    "%YAML 9.0\n---\n{}": "line 1, column 1: expected YAML",
}


@pytest.mark.parametrize(("text", "expected"), SLIPS.items())
def test_a_slip_is_told_with_its_place_and_what_belongs_there(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, {})
    told = str(caught.value)
    assert told.startswith(f"config.yaml: {expected}")
    assert "\n" not in told
