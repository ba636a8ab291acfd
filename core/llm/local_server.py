"""The program around the model that runs on this machine: one line of JSON in, one line out, then it serves until its
input ends. Started by `core.llm.local`; knows nothing of the rest.

It is a process of its own because loading holds Python's global lock for as long as it takes, and so that a crash of
native code ends one answer instead of the bot. Its input ends when the bot does, however that dies.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main() -> None:
    settings = json.loads(sys.stdin.readline())
    try:
        server = _serve(settings)
    except (ImportError, RuntimeError, ValueError, OSError) as error:
        _say({"error": f"{type(error).__name__}: {error}"})
        return
    _say({"url": server.listening_address})
    sys.stdin.read()
    os._exit(0)  # at once, in the middle of an answer too: nothing here is worth saving


def _serve(settings: dict[str, Any]) -> Any:
    import xllamacpp  # type: ignore[import-untyped]  # noqa: PLC0415  # here, so that its absence can be told

    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.model_alias = {settings["name"]}
    params.n_ctx = settings["window"]
    params.n_parallel = settings["slots"]
    params.kv_unified = True  # the slots share one window's memory
    params.cache_ram_mib = 256  # of prompts whose slot was taken by another conversation
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.api_keys = [settings["key"]]
    params.ui = False
    params.endpoint_slots = False
    params.verbosity = -1
    return xllamacpp.Server(params)


def _say(line: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
