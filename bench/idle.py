"""Resident memory and start time of an idle process: SQLite, one remote model, no local one.

    python -m bench.idle

Started as a user does, over a pipe; "started" is when it has answered /help.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 7
CONFIG = """\
store: sqlite:///{folder}/parlour.db
providers:
  remote: {{base_url: "http://127.0.0.1:9/v1", api_key: unused}}
models:
  - {{id: some-model, provider: remote}}
personas:
  - {{name: assistant, prompt: "You are a helpful assistant."}}
"""


def measure(folder: Path) -> tuple[float, float]:
    """Seconds until /help is answered, and MiB resident a moment later."""
    config = folder / "config.yaml"
    config.write_text(CONFIG.format(folder=folder))
    command = [sys.executable, "-m", "bots", "--config", str(config), "chat"]
    started = time.perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"/help\n")
        process.stdin.flush()
        process.stdout.readline()
        seconds = time.perf_counter() - started
        time.sleep(1)
        status = Path(f"/proc/{process.pid}/status").read_text()
        process.stdin.close()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return seconds, resident / 1024


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        figures = [measure(Path(folder)) for _ in range(RUNS)]
    seconds, mebibytes = (statistics.median(column) for column in zip(*figures, strict=True))
    print(f"idle process: {mebibytes:.0f} MiB resident, started in {seconds:.2f} s (medians of {RUNS} runs)")


if __name__ == "__main__":
    main()
