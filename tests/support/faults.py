"""Every fault of a Chat Completions server that we know of, and which of our errors it is."""

from __future__ import annotations

from core.errors import (
    ContentRefused,
    ModelBusy,
    ModelError,
    ModelGarbled,
    ModelKeyRefused,
    ModelNoCredit,
    ModelUnknown,
    ModelUnreachable,
    RequestRefused,
)
from tests.support.completions import (
    DONE,
    Play,
    chunk,
    cut,
    ending,
    event,
    raw,
    refuse,
    reset,
    stream,
    text,
    whole,
    words,
)

INVALID = "invalid_request_error"
HTML = "<!DOCTYPE html><html><head><style>p {}</style><title>502</title></head><body><h1>Bad Gateway</h1></body></html>"
BEGUN = words("Once upon a time")

FAULTS: dict[str, tuple[Play, type[ModelError]]] = {
    "400": (refuse(400, "Invalid value for 'messages'.", INVALID, param="messages"), RequestRefused),
    "400 for an image": (
        refuse(400, "The model x is not a multimodal model, so images are not supported", INVALID),
        RequestRefused,
    ),
    "401": (refuse(401, "Incorrect API key provided.", INVALID, code="invalid_api_key"), ModelKeyRefused),
    "402": (refuse(402, "Payment required", "billing"), ModelNoCredit),
    "403": (refuse(403, "Country not supported", "request_forbidden"), ModelKeyRefused),
    "403 for the model": (refuse(403, "No access to model", INVALID, code="model_not_found"), ModelUnknown),
    "404": (refuse(404, "The model 'x' does not exist", INVALID, code="model_not_found"), ModelUnknown),
    "404 as text": (text("404 page not found", 404, "text/plain"), ModelUnknown),
    "408": (refuse(408, "Timeout", "timeout"), ModelUnreachable),
    "409": (refuse(409, "Conflict", "conflict"), ModelUnreachable),
    "422": (
        whole({"detail": [{"loc": ["body", "messages"], "msg": "bad", "type": "value_error"}]}, 422),
        RequestRefused,
    ),
    "429 rate": (refuse(429, "Rate limit reached", "requests", code="rate_limit_exceeded"), ModelBusy),
    "429 tokens a minute": (
        refuse(429, "Request too large on tokens per min (TPM): Limit 30000, Requested 40000", "tokens"),
        ModelBusy,
    ),
    "429 no credit": (
        refuse(429, "You exceeded your current quota", "insufficient_quota", code="insufficient_quota"),
        ModelNoCredit,
    ),
    "500 for an image": (
        refuse(500, "image input is not supported - hint: you may need to provide the mmproj", "server_error"),
        RequestRefused,
    ),
    "500": (refuse(500, "The server had an error", "server_error"), ModelUnreachable),
    "502 as HTML": (text(HTML, 502), ModelUnreachable),
    "503": (text("", 503), ModelUnreachable),
    "529": (
        whole({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, 529),
        ModelUnreachable,
    ),
    "no credit, said by 400": (refuse(400, "Your credit balance is too low", INVALID), ModelNoCredit),
    "filter of Azure": (
        refuse(
            400,
            "The response was filtered due to the prompt triggering Azure's content management policy",
            "",
            code="content_filter",
        ),
        ContentRefused,
    ),
    "hangs up before the head": (raw(b""), ModelUnreachable),
    "reset before the head": (reset(), ModelUnreachable),
    "not HTTP": (raw(b"\x00\xffSSH-2.0-OpenSSH\r\n\r\n"), ModelUnreachable),
    "a head too long": (raw(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n"), ModelUnreachable),
    "chunks that are none": (raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"), ModelUnreachable),
    "shorter than announced": (raw(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\ndata: "), ModelGarbled),
    "empty body": (text("", content_type="text/event-stream"), ModelGarbled),
    "HTML instead of an answer": (text(HTML), ModelGarbled),
    "garbage": (stream(bytes(range(256)) * 20), ModelGarbled),
    "garbage in a chunk": (stream(*BEGUN, b'data: {"choices": [{"de\n\n'), ModelGarbled),
    "a chunk that is a list": (stream(b"data: [1, 2]\n\n"), ModelGarbled),
    "a broken compression": (stream(b"no gzip", content_encoding="gzip"), ModelGarbled),
    "nothing but choices that are empty": (stream(event({"choices": []}), DONE), ModelGarbled),
    "an empty answer": (stream(*ending()), ModelGarbled),
    "an answer of spaces": (stream(chunk({"content": " \n"}), *ending()), ModelGarbled),
    "only reasoning": (stream(chunk({"reasoning_content": "Hmm."}), *ending()), ModelGarbled),
    "tool calls only": (stream(chunk({"content": None, "tool_calls": []}), *ending("tool_calls")), ModelGarbled),
    "cut at the start": (cut(), ModelGarbled),
    "cut in the middle": (cut(*BEGUN), ModelGarbled),
    "ended without an end": (stream(*BEGUN), ModelGarbled),
    "reset in the middle": (reset(*BEGUN), ModelGarbled),
    "content filter in the middle": (stream(*BEGUN, *ending("content_filter")), ContentRefused),
    "error inside the stream": (
        stream(*BEGUN, event({"error": {"message": "The server had an error", "type": "server_error"}})),
        ModelUnreachable,
    ),
    "overload inside the stream": (
        stream(b'event: error\ndata: {"type": "overloaded_error", "message": "Overloaded"}\n\n'),
        ModelBusy,
    ),
    "no credit inside the stream": (stream(event({"error": {"code": 402, "message": "Add credits"}})), ModelNoCredit),
    "error as text inside the stream": (stream(event({"error": "CUDA out of memory"})), ModelUnreachable),
    "error as plain JSON with 200": (whole({"error": {"message": "Rate limit", "code": 429}}), ModelBusy),
    "plain JSON without choices": (whole({"ok": True}), ModelGarbled),
}
_STREAMED = ("stream", "middle", "chunk", "end", "answer", "choices", "reasoning", "tool", "overload")
WHOLE = {name: fault for name, fault in FAULTS.items() if not any(word in name for word in _STREAMED)}
"""Those that a request can meet whose answer is no stream."""
