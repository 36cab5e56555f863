"""The page on this computer only: every answer comes from packaged text or from the worker."""

import asyncio
import base64
import contextlib
import json
import lzma
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from cnnlab.errors import CnnlabError, ConfigError
from cnnlab.playground.bundle import FROM_SERVER, STATIC, script, style
from cnnlab.playground.guard import PICTURE, Application, BodyError, Guard
from cnnlab.playground.worker import Worker

ADDRESS = "127.0.0.1"
SHIPPED = "lenet5.json.xz"
"""The payload of a LeNet-5 that comes with cnnlab; made by ``docs/make_playground.py``."""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Inside a network - cnnlab</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
</head>
<body>
<div id="app"><p class="loading" role="status">Loading ...</p></div>
<script src="/page.js"></script>
</body>
</html>
"""


def application(names: list[str], worker: Worker, port: int, token: str, secret: str) -> Guard:
    """Return the server of some runs, by name; behind its guard, see there."""
    pages = {
        "/": (_PAGE, "text/html; charset=utf-8"),
        "/page.css": (style(), "text/css; charset=utf-8"),
        "/page.js": (script(FROM_SERVER), "text/javascript; charset=utf-8"),
    }

    def packaged(request: Request) -> Response:
        text, kind = pages[request.scope["path"]]  # request.url fails for a query that is not UTF-8
        return Response(text, media_type=kind)

    def runs(_: Request) -> Response:
        return JSONResponse({"runs": names, "own": bool(worker.folders)})

    payloads = {} if worker.folders else {0: lzma.decompress((STATIC / SHIPPED).read_bytes())}

    async def payload(request: Request) -> Response:
        run = _number(request, "run", len(names))
        if run not in payloads:
            found = await run_in_threadpool(worker.ask, "payload", run=run)
            payloads[run] = json.dumps(found["content"]).encode()
        return Response(payloads[run], media_type="application/json")

    async def image(request: Request) -> Response:
        run, number = _number(request, "run", len(names)), _number(request, "number", 10**6)
        return JSONResponse(await run_in_threadpool(worker.ask, "image", run=run, number=number))

    async def cell(request: Request) -> Response:
        run, first = _number(request, "run", len(names)), _number(request, "first", 10**6)
        label, said = _number(request, "label", 1000), _number(request, "answer", 1000)
        given = {"run": run, "label": label, "answer": said, "first": first}
        return JSONResponse(await run_in_threadpool(worker.ask, "cell", **given))

    async def examples(request: Request) -> Response:
        run, stage = _number(request, "run", len(names)), _number(request, "stage", 1000)
        given = {"run": run, "stage": stage, "map_": _number(request, "map", 10**5)}
        return JSONResponse(await run_in_threadpool(worker.ask, "examples", **given))

    one_picture = asyncio.Lock()

    async def picture(request: Request) -> Response:
        run = _number(request, "run", len(names))
        async with one_picture:  # many at a time would fill the memory
            body = await _body(request)
            return JSONResponse(await run_in_threadpool(worker.ask, "picture", run=run, body=body))

    async def slope(request: Request) -> Response:
        run, number = _number(request, "run", len(names)), _number(request, "class", 1000)
        body = await _body(request)
        found = await run_in_threadpool(worker.ask, "slope", run=run, number=number, body=body)
        return JSONResponse(found)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        worker.stop()

    routes = [
        *(Route(path, packaged) for path in pages),
        Route("/api/runs", runs),
        Route("/api/payload", payload),
        Route("/api/image", image),
        Route("/api/cell", cell),
        Route("/api/examples", examples),
        Route(PICTURE, picture, methods=["POST"]),
        Route("/api/slope", slope, methods=["POST"]),
    ]
    handlers: dict[Any, Callable[[Request, Any], Response]] = {
        404: lambda *_: PlainTextResponse("There is nothing at this address.", 404),
        405: lambda *_: PlainTextResponse("This address does not take this method.", 405),
        CnnlabError: lambda _, error: PlainTextResponse(str(error), 400),
        BodyError: lambda _, error: PlainTextResponse(str(error), error.status),
        ClientDisconnect: lambda *_: Response(status_code=400),
    }
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    app.router.redirect_slashes = False  # every address has one form
    return Guard(app, port, token, secret)


def _number(request: Request, name: str, below: int) -> int:
    """Return a whole number of the query; raise `ConfigError` if it is none, or too large."""
    text = request.query_params.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and int(text) < below):
        raise ConfigError(f"The address needs {name}, a whole number below {below}.")
    return int(text)


async def _body(request: Request) -> str:
    """Return the body in base64; `Guard` limits its size."""
    return base64.b64encode(await request.body()).decode()


def serve(names: list[str], worker: Worker, port: int, on_address: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; ``on_address`` hears the address to open. Port 0: a free one.

    Raises `ConfigError` if the port is taken.
    """
    with listen(ADDRESS, port) as listening:
        port, token = listening.getsockname()[1], secrets.token_urlsafe(16)
        worker.start()
        on_address(f"http://{ADDRESS}:{port}/?t={token}")
        run(application(names, worker, port, token, secrets.token_urlsafe(16)), listening)


def listen(address: str, port: int) -> socket.socket:
    """Return a socket that listens at an address of this computer. Port 0: a free one.

    Raises `ConfigError` if the port is taken.
    """
    listening = socket.socket()
    try:
        listening.bind((address, port))
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"Port {port} cannot be used ({error.strerror}). Name another --port; with 0, cnnlab "
            "finds a free one."
        ) from None
    listening.listen(256)
    return listening


def run(app: Application, listening: socket.socket, most_connections: int = 64) -> None:
    """Serve an application until Ctrl-C, with limits that no single visitor can exhaust."""
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        limit_concurrency=most_connections,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=1,
        h11_max_incomplete_event_size=16_384,
        http="h11",  # the limit above is its own; httptools, if it is installed, has none
        ws="none",
        server_header=False,
    )
    uvicorn.Server(config).run(sockets=[listening])
