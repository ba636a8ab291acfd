"""The cut: never over budget, never a question without its answer, monotone, and stable as a prefix."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.conversations.context import cut_at, fit, kept_from, room_for
from core.domain import Encoding, Message, MessageId, ModelSpec, Role, TextPart, Tokens

ENCODING = Encoding.O200K
SIZES = st.lists(st.tuples(st.integers(1, 900), st.integers(1, 900)), max_size=60)
BUDGETS = st.integers(1, 6000)
KEEPS = st.floats(0.05, 0.95)


def branch(sizes: list[tuple[int, int]]) -> list[Message]:
    """A branch of exchanges whose messages have these many tokens."""
    path: list[Message] = []
    total = Tokens()
    for number, (asked, answered) in enumerate(sizes):
        for role, size in ((Role.USER, asked), (Role.ASSISTANT, answered)):
            own = Tokens(size, size)
            total = total + own
            parent = path[-1].id if path else None
            path.append(Message(MessageId(f"{number}/{role}"), parent, role, (TextPart("…"),), 0.0, own, total))
    return path


@given(SIZES, st.integers(1, 900), BUDGETS, KEEPS)
def test_what_stays_and_the_question_are_never_over_budget(
    sizes: list[tuple[int, int]], question: int, budget: int, keep: float
) -> None:
    limits = room_for(ModelSpec("m", window=1 << 30, max_output=0), budget + 23, 0)
    assert limits.budget == budget
    kept = fit(branch(sizes), question, limits, keep)
    used = sum(message.own.of(ENCODING) for message in kept)
    assert used == 0 or used + question <= budget


@given(SIZES, st.integers(0, 20_000))
def test_a_question_and_its_answer_stay_or_go_together(sizes: list[tuple[int, int]], cut: int) -> None:
    path = branch(sizes)
    kept = path[kept_from(path, cut, ENCODING) :]
    assert len(kept) % 2 == 0
    assert [message.role for message in kept] == [Role.USER, Role.ASSISTANT] * (len(kept) // 2)


@given(st.integers(0, 50_000), st.integers(0, 5_000), BUDGETS, KEEPS)
def test_the_cut_never_moves_back_as_the_branch_grows(total: int, more: int, budget: int, keep: float) -> None:
    assert cut_at(total, budget, keep) <= cut_at(total + more, budget, keep)


@given(st.integers(0, 50_000), BUDGETS, KEEPS)
def test_the_cut_leaves_no_more_than_the_budget_and_never_cuts_without_need(
    total: int, budget: int, keep: float
) -> None:
    cut = cut_at(total, budget, keep)
    assert total - cut <= budget
    assert (cut == 0) == (total <= budget)


@given(SIZES, BUDGETS, KEEPS)
def test_from_turn_to_turn_the_kept_messages_are_extended_or_cut_but_never_reordered(
    sizes: list[tuple[int, int]], budget: int, keep: float
) -> None:
    path = branch(sizes)
    limits = room_for(ModelSpec("m", window=1 << 30, max_output=0), budget + 23, 0)
    starts = [len(path[:end]) - len(fit(path[:end], 10, limits, keep)) for end in range(0, len(path) + 1, 2)]
    assert starts == sorted(starts)


@given(SIZES, BUDGETS, KEEPS, st.integers(0, 40))
def test_a_window_of_the_path_is_cut_like_the_whole_path(
    sizes: list[tuple[int, int]], budget: int, keep: float, question: int
) -> None:
    """A store reads only what fits the window; the result must not depend on that."""
    path = branch(sizes)
    limits = room_for(ModelSpec("m", window=1 << 30, max_output=0), budget + 23, 0)
    leaf = path[-1].total.o200k if path else 0
    window = [message for message in path if message.total.o200k > leaf - budget]
    assert fit(window, question, limits, keep) == fit(path, question, limits, keep)
