"""Token bucket and backoff: never more than allowed, never a wait without need."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.limits.rates import Rate, backoff, full, take

RATES = st.builds(Rate, per_second=st.floats(0.01, 100), burst=st.floats(1, 100))
GAPS = st.lists(st.floats(0, 10), min_size=1, max_size=200)


@given(RATES, GAPS)
def test_no_window_of_time_holds_more_than_the_burst_and_the_rate_allow(rate: Rate, gaps: list[float]) -> None:
    now, bucket, acted = 0.0, full(rate, 0.0), []
    for gap in gaps:
        now += gap
        bucket, wait = take(bucket, rate, now)
        acted.append(now + wait)
    for index, start in enumerate(acted):
        for count, end in enumerate(acted[index:], start=1):
            assert count <= rate.burst + (end - start) * rate.per_second + 1e-6 * len(gaps)


@given(RATES, GAPS)
def test_who_comes_first_acts_first(rate: Rate, gaps: list[float]) -> None:
    now, bucket, last = 0.0, full(rate, 0.0), 0.0
    for gap in gaps:
        now += gap
        bucket, wait = take(bucket, rate, now)
        assert now + wait >= last - 1e-6
        last = now + wait


@given(RATES)
def test_a_full_bucket_makes_nobody_wait(rate: Rate) -> None:
    bucket = full(rate, 0.0)
    for _ in range(int(rate.burst)):
        bucket, wait = take(bucket, rate, 0.0)
        assert wait == 0.0


@given(RATES, st.floats(0, 1000), st.floats(0, 1000))
def test_a_clock_that_goes_back_refills_nothing(rate: Rate, now: float, back: float) -> None:
    bucket, _ = take(full(rate, now), rate, now, rate.burst)
    later, wait = take(bucket, rate, now - back)
    assert wait > 0
    assert later.at == now


@given(st.integers(1, 10_000), st.floats(0.01, 10), st.floats(10, 100), st.floats(0, 1, exclude_max=True))
def test_a_backoff_grows_to_its_limit_and_keeps_at_least_half_of_it(
    attempt: int, base: float, most: float, unit: float
) -> None:
    wait = backoff(attempt, base, most, unit)
    longest = backoff(attempt, base, most, 1.0)
    assert longest / 2 <= wait <= longest <= most
    assert backoff(attempt, base, most, unit) <= backoff(attempt + 1, base, most, unit)
