"""Who may ask the server: this browser alone, from the page that it was given."""

from __future__ import annotations

import hmac
import secrets
from email.message import Message
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Checks of a request's headers, for a server on this port of the loopback address.

    A page of another site that has its name point to 127.0.0.1 sends its own name as Host; a form
    or a script of another site sends its own Origin, and no same-site cookie.
    """

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(32)
        self.hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._cookie = f"ocr-review-{port}"  # cookies know no ports

    def knows(self, host: str | None) -> bool:
        """Whether a request means this server."""
        return host in self.hosts

    def is_ours(self, headers: Message) -> bool:
        """Whether a request comes from our own page, or from nobody's."""
        origin, site = headers.get("Origin"), headers.get("Sec-Fetch-Site", "none")
        return (origin is None or origin == f"http://{headers.get('Host')}") and site in {
            "none",
            "same-origin",
        }

    def has_cookie(self, headers: Message) -> bool:
        """Whether a request has the token in its cookie."""
        try:
            found = SimpleCookie(headers.get("Cookie", "")).get(self._cookie)
        except CookieError:
            return False
        return found is not None and self._is_token(found.value)

    def has_token(self, target: str) -> bool:
        """Whether the token is in the address that was asked for."""
        given = parse_qs(urlsplit(target).query).get("token", [""])[0]
        return self._is_token(given)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def cookie(self) -> str:
        """The header's value that gives the browser the token to keep."""
        return f"{self._cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"
