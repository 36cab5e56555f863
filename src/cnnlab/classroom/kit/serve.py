"""Give a kit to the laptops in the room: a fixed list of files, each of which can be resumed."""

import html
import json
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from cnnlab.classroom.kit.resolve import KitError
from cnnlab.classroom.kit.sums import SUMS, read_sums
from cnnlab.playground.server import listen, run

INSTALLER, ABOUT = "setup/install.py", "setup/kit.json"
MOST_CONNECTIONS = 256
"""A class of laptops, and a few browsers."""
_HEADERS = {"x-content-type-options": "nosniff", "cache-control": "no-cache"}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>cnnlab for this class</title>
<link rel="icon" href="data:,">
<style>
body {{
  font: clamp(1.125rem, .8rem + .75vw, 1.75rem)/1.5 system-ui, sans-serif; max-width: 36em;
  margin: 2rem auto; padding: 0 1rem; color: #1d2330; background: #fff;
}}
h1 {{ font-size: 1.5em; line-height: 1.2 }}
pre {{
  background: #eef1f6; padding: .75rem 1rem; border-radius: .5rem;
  font-size: .9em; white-space: pre-wrap; overflow-wrap: anywhere;
}}
a {{ color: #1f4fb2 }}
</style>
</head>
<body>
<h1>cnnlab for this class</h1>
<p>This page: <strong>{address}</strong></p>
<ol>
<li>Install Python {pythons}, 64 bit, if you do not have it.</li>
<li>Save this file in your Downloads folder: <a href="/{installer}" download>install.py</a></li>
<li>Open a terminal. Type the line of your system, and press Enter:
<p>Windows</p><pre>py Downloads\\install.py {address}</pre>
<p>macOS, Linux</p><pre>python3 Downloads/install.py {address}</pre></li>
</ol>
<p>If the connection breaks, type the same line again: it downloads only what is missing.</p>
{pages}
</body>
</html>
"""


def application(folder: Path, hosts: frozenset[str], address: str) -> Starlette:
    """Return the server of a kit: the files of its list of checksums, and no other.

    Only requests to one of the ``hosts`` get an answer, so that no other site's page can read it
    under a name of its own.
    """
    files = {f"/{name}": folder / name for name in [SUMS, *read_sums(folder)]}
    pages = [name for name in files if name.startswith("/pages/") and name.endswith(".html")]
    about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    pythons = sorted({python for each in about["targets"].values() for python in each})
    links = "".join(
        f'<p><a href="{html.escape(each)}">Look inside a network</a></p>' for each in pages
    )
    page = _PAGE.format(
        pythons=html.escape(" or ".join(pythons)),
        installer=INSTALLER,
        address=html.escape(address),
        pages=links,
    )

    async def answer(request: Request) -> Response:
        if request.headers.getlist("host") not in [[host] for host in hosts]:
            return PlainTextResponse("Use the address that cnnlab kit printed.", 400)
        path = request.scope["path"]
        if path == "/":
            return HTMLResponse(page, headers=_HEADERS)
        file = files.get(path)
        if file is None or not file.is_file():
            return PlainTextResponse("The kit has no such file.", 404)
        return FileResponse(file, headers=_HEADERS)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "HEAD"])])
    app.router.redirect_slashes = False
    return app


def serve(folder: Path, own_address: str, port: int, on_address: Callable[[str], None]) -> None:
    """Serve a kit to the local network until Ctrl-C; ``on_address`` hears the address to open.

    ``own_address`` is this computer's in the local network; without one, only this computer can
    open it. Raises `KitError` if the folder has no kit, `ConfigError` if the port is taken.
    """
    if not read_sums(folder):
        raise KitError(f"{folder} holds no finished kit: {SUMS} is missing. Make it first.")
    name = own_address or "127.0.0.1"
    with listen(name, port) as listening:
        host = f"{name}:{listening.getsockname()[1]}"
        address = f"http://{host}"
        on_address(address)
        run(application(folder, frozenset({host}), address), listening, MOST_CONNECTIONS)
