"""What is seen on Telegram of what a model writes; the samples are in `telegram_markdown.yaml`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from bots.shared.split import utf16_units
from bots.telegram.layout import laid_out
from bots.telegram.render import LENGTH, NOTHING_YET, WORD_JOINER, Formatted, rendered
from bots.telegram.spans import MOST
from tests.support.telegram_rules import cut, ordered, settled

SAMPLES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("telegram_markdown.yaml").read_text())
STEADY = [sample for sample in SAMPLES if not {"growing", "changes"} & sample.keys()]


def seen(message: Formatted) -> list[dict[str, str]]:
    """Each entity with what it covers."""
    return [
        {
            " ".join(filter(None, (entity.type, entity.url, entity.language))): cut(
                message.text, entity.offset, entity.offset + entity.length
            )
        }
        for entity in message.entities
    ]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["about"])
def test_what_is_seen_is_what_was_meant(sample: dict[str, Any]) -> None:
    message = rendered(sample["markdown"], growing=sample.get("growing", False))
    assert message.text == sample["shown"]
    assert seen(message) == sample.get("entities", [])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["about"])
def test_telegram_takes_it_as_it_is(sample: dict[str, Any]) -> None:
    message = rendered(sample["markdown"], growing=sample.get("growing", False))
    entities = [dict(entity.to_dict()) for entity in message.entities]
    assert settled(message.text, entities) == (message.text, entities)
    assert ordered(entities) == entities


@pytest.mark.parametrize("sample", STEADY, ids=lambda sample: sample["about"])
def test_while_it_is_written_no_sign_of_markup_is_seen(sample: dict[str, Any]) -> None:
    text, whole = sample["markdown"], sample["shown"].replace(WORD_JOINER, "")
    for end in range(1, len(text) + 1):
        shown = rendered(text[:end], growing=True).text.replace(WORD_JOINER, "")
        assert shown == NOTHING_YET or whole.startswith(shown)


def test_two_hundred_entities_are_two_messages() -> None:
    words = [f"*word {number}*" for number in range(200)]
    messages = [rendered(part) for part in laid_out("\n".join(f"- {word}" for word in words))]
    assert [len(message.entities) for message in messages] == [MOST, MOST]
    assert "\n".join(message.text for message in messages) == "\n".join(f"• {word.strip('*')}" for word in words)


def blocks_of_code() -> list[str]:
    return ["".join(f"step_{block}_{line} = {line}  # of {block}\n" for line in range(38)) for block in range(10)]


def answer_with(blocks: Sequence[str]) -> str:
    return "\n".join(
        f"Part {number} says what the code below does.\n\n```python\n{code}```\n" for number, code in enumerate(blocks)
    )


def test_blocks_of_code_stay_whole() -> None:
    blocks = blocks_of_code()
    answer = answer_with(blocks)
    assert len(answer) > 9000
    messages = [rendered(part) for part in laid_out(answer)]
    code = [covered["pre python"] for message in messages for covered in seen(message)]
    assert code == [block.rstrip("\n") for block in blocks]
    assert all(utf16_units(message.text) <= LENGTH for message in messages)
    assert len(messages) == 3


def test_code_longer_than_a_message_goes_on_in_its_language() -> None:
    code = "".join(f"line_{number} = {number}\n" for number in range(600))
    messages = [rendered(part) for part in laid_out(f"Look:\n\n```python\n{code}```\n\nThat is all.")]
    pieces = [covered["pre python"] for message in messages for covered in seen(message)]
    assert "\n".join(pieces) + "\n" == code
    assert messages[0].text == "Look:"
    assert messages[-1].text.endswith("That is all.")


def test_a_table_longer_than_a_message_has_its_head_in_each() -> None:
    rows = "".join(f"| {number} | value {number} |\n" for number in range(500))
    messages = [rendered(part) for part in laid_out(f"| n | value |\n|---|---|\n{rows}")]
    assert len(messages) > 1
    assert all(message.text.startswith("n") and len(message.entities) == 1 for message in messages)
    assert sum(message.text.count("value ") for message in messages) == 500
