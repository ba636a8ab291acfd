"""What the built-in model is shown of who speaks."""

from __future__ import annotations

import pytest

from core.domain import PromptMessage
from core.llm.primer import unnamed


def asked(*texts: str) -> tuple[PromptMessage, ...]:
    return tuple(PromptMessage("user", text) for text in texts)


def test_the_name_of_who_speaks_alone_is_left_out() -> None:
    answer = PromptMessage("assistant", "Ada: is a name.")
    assert unnamed((*asked("Ada: Hello!"), answer, *asked("Ada: Who am I?"))) == (
        *asked("Hello!"),
        answer,
        *asked("Who am I?"),
    )


@pytest.mark.parametrize("texts", [("Ada: Hello!", "Bob: Who am I?"), ("Ada: Hello!", "Who am I?"), ("Hello!",), ()])
def test_where_several_speak_and_where_nobody_is_named_nothing_is_left_out(texts: tuple[str, ...]) -> None:
    assert unnamed(asked(*texts)) == asked(*texts)
