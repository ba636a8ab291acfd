"""Discord, Telegram and terminals in one process on one store."""

from __future__ import annotations

import pytest

from bench.platforms_load import bench


async def test_everybody_is_answered_once_and_by_nobody_elses_answer(capsys: pytest.CaptureFixture[str]) -> None:
    await bench(4)
    said = capsys.readouterr().out
    for platform in ("discord", "telegram", "terminal"):
        assert f"{platform}: 4 of 4 right" in said
    assert "429: 0 and 0" in said
