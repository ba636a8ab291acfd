"""An interaction's webhook as it is stored, and how often it is written to."""

from __future__ import annotations

from bots.discord.hooks import Hook, HookGate, is_hook
from bots.shared.pacing import Priority, RateGate
from bots.shared.surface import Deed
from core.limits.rates import Rate

HOOK = Hook("100", "1573653388250316803", "secret", pressed="5", elsewhere=True)
RATE = Rate(per_second=10.0, burst=2.0)


def test_a_webhook_is_opened_again_from_what_is_stored() -> None:
    assert Hook.of({"channel": "400", **HOOK.address}) == HOOK
    assert Hook.of({"channel": "400"}) is None


def test_its_token_is_not_in_what_may_be_logged() -> None:
    assert "secret" not in repr(HOOK)
    assert "secret" not in repr(HOOK.route(Deed.EDIT))


def test_its_writes_have_a_bucket_of_their_own_that_the_bots_limit_does_not_count() -> None:
    route = HOOK.route(Deed.EDIT)
    assert not route.overall
    assert is_hook(route.bucket)
    assert HOOK.route(Deed.POST).bucket != route.bucket


def test_drafts_of_all_webhooks_share_a_rate_and_last_words_do_not_wait_for_it() -> None:
    drafts = RateGate(RATE, 0.0)
    gates = [HookGate(drafts) for _ in range(10)]
    for gate in gates[:2]:
        assert gate.wait(0.0, Priority.FINAL) == 0.0
        gate.take(0.0)
    idle = gates[5]
    assert idle.wait(0.0, Priority.DRAFT) > 0.0
    assert idle.wait(0.0, Priority.FIRST) == idle.wait(0.0, Priority.FINAL) == 0.0


def test_last_words_leave_no_debt_that_drafts_would_have_to_pay() -> None:
    drafts = RateGate(RATE, 0.0)
    for _ in range(100):
        HookGate(drafts).take(0.0)
    assert HookGate(drafts).wait(0.3, Priority.DRAFT) == 0.0
