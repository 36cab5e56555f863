"""Who may talk to the server: this computer's own browser, with the address that cnnlab printed.

Another site that the browser has open must not reach it, whatever name it uses for this computer
(DNS rebinding), and no request may fill the memory.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

PICTURE = "/api/picture"
MOST_BYTES = 20_000_000
"""The largest picture; any other body has `SMALL_BYTES` at most."""
SMALL_BYTES = 64_000
SECONDS = 10.0
"""The time in which a whole body must arrive."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_USED = (
    "A browser has opened this address already, and it works once. Use that browser, or stop "
    "cnnlab play with Ctrl-C, type cnnlab play --no-browser, and open the new address here."
)
_HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


class BodyError(Exception):
    """A body is too large or too slow: a status, and why in words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Guard:
    """Let through only what `refusal` has nothing against; add headers that bind the browser.

    The address brings ``token``, which works once; the browser that brought it gets ``secret``.
    """

    def __init__(self, app: Application, port: int, token: str, secret: str) -> None:
        self.app = app
        self.token, self.secret = token, secret
        self.is_token_used = False
        self.cookie = f"cnnlab-{port}"
        self.hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request of ASGI: pass it on, or say why not."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        refused = self.refusal(scope)
        if refused:
            await _answer(send, *refused)
            return
        if self._brings_token(scope):
            # Into a cookie, and out of the address: an address is shown, copied and sent.
            more = [(b"location", b"/")]
            if not self._has_cookie(scope):
                cookie = f"{self.cookie}={self.secret}; HttpOnly; SameSite=Strict; Path=/"
                more.append((b"set-cookie", cookie.encode()))
                self.is_token_used = True
            await _answer(send, 303, "See /", more)
            return
        await self.app(scope, _limited(receive, _most_bytes(scope)), _with_headers(send))

    def refusal(self, scope: Message) -> tuple[int, str] | None:
        """Return the status and the words with which a request is refused, or None."""
        hosts, origins = _all(scope, b"host"), _all(scope, b"origin")
        allowed = {f"http://{host}" for host in self.hosts}
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            refused = 400, "Use the address that cnnlab play printed."
        elif origins and (len(origins) > 1 or origins[0] not in allowed):
            refused = 403, "This comes from another site."
        elif scope["method"] not in {"GET", "HEAD", "POST"}:
            refused = 405, "Only GET, HEAD and POST are understood."
        elif self._has_cookie(scope):
            return _refused_post(scope) if scope["method"] == "POST" else None
        elif not self._brings_token(scope):
            refused = 403, "Open the whole address that cnnlab play printed, with its token."
        elif self.is_token_used:
            refused = 403, _USED
        else:
            return None
        return refused

    def _brings_token(self, scope: Message) -> bool:
        if scope["path"] != "/" or scope["method"] != "GET":
            return False
        try:
            query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=8)
        except ValueError:  # too many fields
            return False
        found = query.get("t", [])
        return len(found) == 1 and _equal(found[0], self.token)

    def _has_cookie(self, scope: Message) -> bool:
        jar = SimpleCookie()
        try:
            for each in _all(scope, b"cookie"):
                jar.load(each)
        except CookieError:
            return False
        return self.cookie in jar and _equal(jar[self.cookie].value, self.secret)


def _refused_post(scope: Message) -> tuple[int, str] | None:
    """Return why a body is refused. Another site cannot send such headers without asking first."""
    if _all(scope, b"content-type") != ["application/octet-stream"]:
        return 415, "The Content-Type must be application/octet-stream."
    if _all(scope, b"x-cnnlab") != ["1"]:
        return 403, "The header X-Cnnlab: 1 is missing."
    length = _all(scope, b"content-length")
    most = _most_bytes(scope)
    if length and not (length[0].isdecimal() and int(length[0][:12]) <= most):
        return 413, _too_large(most)
    return None


def _most_bytes(scope: Message) -> int:
    return MOST_BYTES if scope["path"] == PICTURE else SMALL_BYTES


def _too_large(most: int) -> str:
    if most == SMALL_BYTES:
        return f"This may have {SMALL_BYTES:,} bytes at most."
    return f"A picture may have {MOST_BYTES / 1e6:.0f} MB at most. Make it smaller."


def _equal(one: str, other: str) -> bool:
    """Return whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())


def _all(scope: Message, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _limited(receive: Receive, most: int) -> Receive:
    """Return the same body; it raises `BodyError` when it becomes too large or takes too long."""
    taken = 0
    end: float | None = None

    async def counted() -> Message:
        nonlocal taken, end
        end = end or asyncio.get_running_loop().time() + SECONDS
        try:
            async with asyncio.timeout_at(end):
                message = await receive()
        except TimeoutError:
            raise BodyError(408, f"This took more than {SECONDS:.0f} s to arrive.") from None
        taken += len(message.get("body", b""))
        if taken > most:
            raise BodyError(413, _too_large(most))
        return message

    return counted


def _with_headers(send: Send) -> Send:
    async def more(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *_HEADERS]
        await send(message)

    return more


async def _answer(
    send: Send, status: int, text: str, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    body = text.encode()
    kind = (b"content-type", b"text/plain; charset=utf-8")
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": status}
    await send(start | {"headers": [kind, length, *_HEADERS, *headers]})
    await send({"type": "http.response.body", "body": body})
