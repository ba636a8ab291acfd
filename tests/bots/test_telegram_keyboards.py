"""Buttons under answers on Telegram: what they carry, in how many bytes, and who is believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.shared.surface import Action, Control
from bots.telegram.keyboards import MOST, Pressed, carries, keyboard, pressed
from core.domain import MessageId, TurnId, answer_id
from tests.support.telegram_rules import check_markup

OWNER = 7_123_456_789
ANSWER = answer_id(TurnId("telegram:-1001234567890/1234567890"))
SIBLINGS = [answer_id(TurnId(f"telegram:c438210987654321098{number}")) for number in range(3)]
IDS = st.one_of(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40).map(MessageId),
    st.text("-/.c0123456789", min_size=1, max_size=30).map(lambda own: answer_id(TurnId(f"telegram:{own}"))),
)


def shown(controls: list[Control], language: str = "en") -> list[list[tuple[str, Pressed | None]]]:
    """The labels in their rows, and what Parlour reads when they are pressed."""
    made = keyboard(controls, OWNER, language)
    assert made is not None
    check_markup(made.to_dict())
    return [[(button.text, pressed(str(button.callback_data))) for button in row] for row in made.inline_keyboard]


def test_each_button_says_what_it_does_and_carries_it() -> None:
    controls = [Control(Action.RETRY, ANSWER), Control(Action.CONTINUE, ANSWER)]
    assert shown(controls) == [
        [("Retry", Pressed(Action.RETRY, OWNER, ANSWER)), ("Continue", Pressed(Action.CONTINUE, OWNER, ANSWER))]
    ]
    assert [label for label, _ in shown([Control(Action.STOP, ANSWER)], "zh")[0]] == ["停止"]


def test_siblings_are_a_row_of_their_own() -> None:
    controls = [Control(Action.SHOW, sibling, number, 3) for number, sibling in enumerate(SIBLINGS, start=1)]
    retry, ways = shown([Control(Action.RETRY, SIBLINGS[1]), *controls])
    assert len(retry) == 1
    assert ways == [
        (label, Pressed(Action.SHOW, OWNER, sibling))
        for label, sibling in zip(["‹", "2/3", "›"], SIBLINGS, strict=True)
    ]


def test_at_the_end_there_is_no_way_on() -> None:
    controls = [Control(Action.SHOW, sibling, number, 2) for number, sibling in enumerate(SIBLINGS[:2], start=1)]
    assert [label for label, _ in shown([Control(Action.RETRY, SIBLINGS[0]), *controls])[1]] == ["1/2", "›"]


def test_where_there_is_nothing_to_press_there_is_no_keyboard() -> None:
    assert keyboard([], OWNER, "en") is None


def test_an_answer_whose_id_fits_no_button_has_none() -> None:
    assert keyboard([Control(Action.RETRY, MessageId("x" * 60))], OWNER, "en") is None


@given(st.sampled_from(Action), st.integers(0, 10**12), IDS)
def test_what_a_button_carries_is_read_again(action: Action, owner: int, message: MessageId) -> None:
    what = Pressed(action, owner, message)
    assert pressed(what.data) == what


@given(st.one_of(st.text(max_size=70), st.from_regex(r"[a-z]\d*[/=].*", fullmatch=True)))
def test_what_no_button_of_ours_carries_is_nothing(data: str) -> None:
    made = keyboard([Control(Action.RETRY, ANSWER)], OWNER, "en")
    assert not carries(made, data)
    assert not carries(None, data)


def test_somebody_else_s_button_cannot_be_made_up() -> None:
    """A client can send what it likes; only what stands under the message counts."""
    made = keyboard([Control(Action.RETRY, ANSWER)], OWNER, "en")
    assert carries(made, Pressed(Action.RETRY, OWNER, ANSWER).data)
    assert not carries(made, Pressed(Action.RETRY, 1, ANSWER).data)


@pytest.mark.parametrize("message", [ANSWER, *SIBLINGS])
def test_ids_of_telegram_fit(message: MessageId) -> None:
    assert len(Pressed(Action.CONTINUE, 10**16, message).data.encode()) <= MOST
