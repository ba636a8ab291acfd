"""What every answer tells the browser: that nothing runs, loads or frames the page but the page itself."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

REPORTS = "/csp-reports"
"""Where browsers report what the policy stopped."""
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types parlour",
        f"report-uri {REPORTS}",
    )
)
"""trusted-types: one policy is made, for the URL of the page's own worker (`static/markdown`)."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
PAGE_HEADERS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
"""They mean something for documents only, and the page's fifty files would carry 10 kB of them. Referrer-Policy: with none
at all, a form's POST would come with the Origin ``null``, as a foreign one does."""
WITHIN_TLS = "max-age=31536000"
"""Strict-Transport-Security, for this host alone."""


def headed(send: Send, *, secure: bool) -> Send:
    """*send*, with these headers where the answer does not set them itself. What is private is kept by nobody."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            is_page = headers.get("content-type", "").startswith("text/html")
            for name, value in (HEADERS | PAGE_HEADERS if is_page else HEADERS).items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
            if secure:
                headers.setdefault("Strict-Transport-Security", WITHIN_TLS)
        await send(message)

    return sending
