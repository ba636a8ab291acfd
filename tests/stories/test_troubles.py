"""What the document on troubles shows can be had: each is played again, and people and the operator read the same."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Iterable

import pytest
import yaml

from bench.troubles_transcript import DOCUMENT, SCENES, played, shown
from tests.support.tree import ROOT

AGAIN = re.compile(r" \(and \d+ times\s+more\)")
HEAD = re.compile(r"^(\d:\d\d:\d\d)  (.{9})(.*)$")
CHANGING = re.compile(
    r"127\.0\.0\.1:\d+|parlour-trouble-\w+|attempt=\d+|\d+ (s|requests|of them)\b|20\d\d-\d\d-\d\d \d\d:\d\d"
)
LONG = ("provider-away", "platform-away", "store-away")
"""An hour takes a minute."""


@pytest.mark.parametrize(
    "scene", [pytest.param(name, marks=[pytest.mark.soak] if name in LONG else []) for name in SCENES]
)
async def test_each_trouble_is_as_the_document_shows_it(scene: str) -> None:
    if scene in {"full-disk", "full-log"} and not shutil.which("unshare"):
        pytest.skip("no file system can be made here")
    assert outline(await played(scene)) == outline(shown(scene))


def outline(lines: Iterable[str]) -> dict[str, set[str]]:
    """By speaker what they said: numbers, times and the order in which things happened at once left out. Of metrics only
    which of them moved; of the queue not even that, since it depends on the moment. Of the log what happened."""
    found = defaultdict(set)
    for who, text in _entries(lines):
        told = " ".join(text.split()[:2]) if who == "log" else text
        found[who].add(CHANGING.sub("…", AGAIN.sub("", told)))
    return dict(found)


def _entries(lines: Iterable[str]) -> list[tuple[str, str]]:
    """Who, and all of what they said."""
    entries: list[tuple[str, str]] = []
    who, played_on = "", False
    for line in lines:
        if head := HEAD.match(line):
            who, played_on = head[2].strip(), True
            entries.append((who, head[3]))
        elif who == "operator":
            name = line.split()[0]
            entries += [] if name.startswith("parlour_queue") else [(who, name)]
        elif played_on:
            entries[-1] = (who, f"{entries[-1][1]} {line.strip()}")
        else:
            entries.append(("", line))
    return entries


def test_each_alert_that_is_promised_is_a_rule() -> None:
    groups = yaml.safe_load((ROOT / "deploy/alerts.yml").read_text())["groups"]
    rules = {rule["alert"] for group in groups for rule in group["rules"]}
    promised = set(re.findall(r"ALERT `(\w+)`", DOCUMENT.read_text()))
    assert promised
    assert promised <= rules
