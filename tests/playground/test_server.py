"""The server of the page: who may talk to it, what it answers, and that nothing breaks it."""

import asyncio
import base64
import gc
import io
import json
import lzma
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from cnnlab.cli.main import run
from cnnlab.data.catalog import find_data_set
from cnnlab.errors import ConfigError
from cnnlab.playground.bundle import STATIC
from cnnlab.playground.guard import MOST_BYTES, SMALL_BYTES
from cnnlab.playground.server import SHIPPED, application
from cnnlab.playground.worker import CELL_IMAGES, EXAMPLES, SHIPPED_DATA_SET, Bench, Worker
from tests.support.custom_network import NET

PORT, TOKEN, SECRET = 8123, "the-token", "the-secret"
HOST = f"127.0.0.1:{PORT}"
GOOD = {"host": HOST, "cookie": f"cnnlab-{PORT}={SECRET}"}
POST = GOOD | {"content-type": "application/octet-stream", "x-cnnlab": "1"}
MALFORMED = int(os.environ.get("CNNLAB_MALFORMED", "2000"))


class Answers:
    """In place of the process that computes."""

    def __init__(self) -> None:
        self.folders = ["run"]
        self.asked = []

    def ask(self, what, **given):
        self.asked.append((what, given))
        if what == "picture" and given["body"] == "":
            raise ConfigError("There is no picture.")
        return {"content": {"what": what}, "levels": [0], "label": 1}

    def stop(self) -> None:
        self.asked.append("stop")


class Computes(Answers):
    """The same, but keeps nothing."""

    def ask(self, what, **given):
        found = super().ask(what, **given)
        self.asked.clear()
        return found


@pytest.fixture
def worker():
    return Answers()


@pytest.fixture
def client(worker):
    app = application(["one"], worker, PORT, TOKEN, SECRET)
    with TestClient(app, raise_server_exceptions=True, follow_redirects=False) as client:
        client.headers.clear()
        yield client


REFUSED = [
    # Host: exactly one, exactly ours.
    ("GET", "/", GOOD | {"host": "evil.example"}, 400),
    ("GET", "/", GOOD | {"host": f"evil.example:{PORT}"}, 400),
    ("GET", "/", GOOD | {"host": "127.0.0.1"}, 400),
    ("GET", "/", GOOD | {"host": "127.0.0.1:80"}, 400),
    ("GET", "/", GOOD | {"host": f"127.0.0.1.evil.example:{PORT}"}, 400),
    ("GET", "/", GOOD | {"host": f"localhost.evil.example:{PORT}"}, 400),
    ("GET", "/", GOOD | {"host": f"127.0.0.2:{PORT}"}, 400),
    ("GET", "/", GOOD | {"host": f"0.0.0.0:{PORT}"}, 400),
    ("GET", "/", GOOD | {"host": f"{HOST}@evil.example"}, 400),
    ("GET", "/", GOOD | {"host": ""}, 400),
    ("GET", "/page.js", GOOD | {"host": "evil.example"}, 400),
    ("POST", "/api/picture?run=0", POST | {"host": "evil.example"}, 400),
    ("DELETE", "/", GOOD | {"host": "evil.example"}, 400),
    # Origin: none, or ours.
    ("GET", "/", GOOD | {"origin": "http://evil.example"}, 403),
    ("GET", "/", GOOD | {"origin": "null"}, 403),
    ("GET", "/", GOOD | {"origin": f"https://{HOST}"}, 403),
    ("GET", "/", GOOD | {"origin": "http://127.0.0.1"}, 403),
    ("GET", "/", GOOD | {"origin": f"http://localhost.evil.example:{PORT}"}, 403),
    ("GET", "/", GOOD | {"origin": f"http://{HOST}/"}, 403),
    ("GET", "/", GOOD | {"origin": ""}, 403),
    ("POST", "/api/picture?run=0", POST | {"origin": "http://evil.example"}, 403),
    # The token: once in the address, then in the cookie.
    ("GET", "/", {"host": HOST}, 403),
    ("GET", "/page.js", {"host": HOST}, 403),
    ("GET", f"/page.js?t={TOKEN}", {"host": HOST}, 403),
    ("GET", "/?t=another", {"host": HOST}, 403),
    ("GET", "/?t=", {"host": HOST}, 403),
    ("GET", f"/?t={TOKEN[:-1]}", {"host": HOST}, 403),
    ("GET", f"/?t={TOKEN}2", {"host": HOST}, 403),
    ("GET", "/", {"host": HOST, "cookie": f"cnnlab-{PORT}={TOKEN}"}, 403),
    ("GET", "/", {"host": HOST, "cookie": f"cnnlab-{PORT}={SECRET[:-1]}"}, 403),
    ("GET", "/", {"host": HOST, "cookie": f"cnnlab-{PORT}={SECRET}2"}, 403),
    ("GET", f"/?t={TOKEN}&t=another", {"host": HOST}, 403),
    ("HEAD", f"/?t={TOKEN}", {"host": HOST}, 403),
    ("GET", "/", {"host": HOST, "cookie": f"cnnlab-{PORT}=another"}, 403),
    ("GET", "/", {"host": HOST, "cookie": f"cnnlab-8124={SECRET}"}, 403),
    ("GET", "/", {"host": HOST, "cookie": f"{SECRET}"}, 403),
    ("GET", "/", {"host": HOST, "cookie": "\xff=;;;==,"}, 403),
    # Methods, headers of a body, paths.
    ("PUT", "/", GOOD, 405),
    ("OPTIONS", "/api/picture?run=0", GOOD, 405),
    ("TRACE", "/", GOOD, 405),
    ("GET", "/api/picture?run=0", GOOD, 405),
    ("POST", "/api/picture?run=0", GOOD | {"x-cnnlab": "1"}, 415),
    ("POST", "/api/picture?run=0", POST | {"content-type": "text/plain"}, 415),
    ("POST", "/api/picture?run=0", {**GOOD, "content-type": POST["content-type"]}, 403),
    ("POST", "/api/picture?run=0", POST | {"content-length": str(MOST_BYTES + 1)}, 413),
    ("POST", "/api/picture?run=0", POST | {"content-length": "many"}, 413),
    ("POST", "/api/slope?run=0&class=1", POST | {"content-length": str(SMALL_BYTES + 1)}, 413),
    ("POST", "/", POST, 405),
    ("GET", "/etc/passwd", GOOD, 404),
    ("GET", "/api/runs/", GOOD, 404),
    ("GET", "/static/../guard.py", GOOD, 404),
    ("GET", "/api/payload?run=1", GOOD, 400),
    ("GET", "/api/payload?run=-1", GOOD, 400),
    ("GET", "/api/payload?run=0x0", GOOD, 400),
    ("GET", "/api/payload", GOOD, 400),
]


@pytest.mark.parametrize(("method", "path", "headers", "status"), REFUSED)
def test_what_is_not_this_computers_own_browser_is_refused(
    client, worker, method, path, headers, status
):
    response = client.request(method, path, headers=_as_sent(headers))
    assert response.status_code == status, response.text
    assert method == "HEAD" or re.fullmatch(r"[A-Z][\w :,./-]+\.", response.text)
    assert worker.asked == []
    assert "default-src 'none'" in response.headers["content-security-policy"]


def _as_sent(headers):
    return {name.encode(): value.encode("latin-1") for name, value in headers.items()}


def test_the_token_becomes_a_cookie_once_and_leaves_the_address(client):
    response = client.get(f"/?t={TOKEN}", headers={"host": HOST})
    assert (response.status_code, response.headers["location"]) == (303, "/")
    assert response.headers["set-cookie"] == (
        f"cnnlab-{PORT}={SECRET}; HttpOnly; SameSite=Strict; Path=/"
    )
    for host in (HOST, f"localhost:{PORT}", f"[::1]:{PORT}"):
        page = client.get("/", headers=GOOD | {"host": host, "origin": f"http://{host}"})
        assert page.status_code == 200
        assert TOKEN not in page.text
        assert SECRET not in page.text
    again = client.get(f"/?t={TOKEN}", headers=GOOD)
    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert "set-cookie" not in again.headers
    client.cookies.clear()
    other = client.get(f"/?t={TOKEN}", headers={"host": HOST})
    assert other.status_code == 403
    assert "set-cookie" not in other.headers
    assert other.text == (
        "A browser has opened this address already, and it works once. Use that browser, or stop "
        "cnnlab play with Ctrl-C, type cnnlab play --no-browser, and open the new address here."
    )


def test_the_page_is_served_and_what_it_asks_is_answered(client, worker):
    assert "/page.js" in client.get("/", headers=GOOD).text
    assert "openPage" in client.get("/page.js", headers=GOOD).text
    assert client.get("/api/runs", headers=GOOD).json() == {"runs": ["one"], "own": True}
    for _ in range(2):
        assert client.get("/api/payload?run=0", headers=GOOD).json() == {"what": "payload"}
    assert [each[0] for each in worker.asked] == ["payload"], "it is computed once"
    client.get("/api/image?run=0&number=7", headers=GOOD)
    client.get("/api/cell?run=0&label=3&answer=6&first=60", headers=GOOD)
    client.get("/api/examples?run=0&stage=3&map=15", headers=GOOD)
    client.post("/api/picture?run=0", headers=POST, content=b"abc")
    client.post("/api/slope?run=0&class=3", headers=POST, content=b"abc")
    body = base64.b64encode(b"abc").decode()
    assert worker.asked[1:] == [
        ("image", {"run": 0, "number": 7}),
        ("cell", {"run": 0, "label": 3, "answer": 6, "first": 60}),
        ("examples", {"run": 0, "stage": 3, "map_": 15}),
        ("picture", {"run": 0, "body": body}),
        ("slope", {"run": 0, "number": 3, "body": body}),
    ]
    refused = client.post("/api/picture?run=0", headers=POST, content=b"")
    assert (refused.status_code, refused.text) == (400, "There is no picture.")


@pytest.mark.parametrize(
    ("path", "most", "words"),
    [
        ("/api/picture?run=0", MOST_BYTES, "A picture may have 20 MB at most. Make it smaller."),
        ("/api/slope?run=0&class=1", SMALL_BYTES, "This may have 64,000 bytes at most."),
    ],
)
def test_a_body_without_an_end_is_cut_off(client, worker, path, most, words):
    chunk = bytes(most // 20)
    response = client.post(path, headers=POST, content=(chunk for _ in range(25)))
    assert (response.status_code, response.text) == (413, words)
    assert worker.asked == []


async def answer(app, headers, receive, path="/", method="GET", query=b""):
    """Return the status and the text for what no client would send."""
    scope = {"type": "http", "http_version": "1.1", "method": method, "path": path}
    scope |= {"query_string": query, "headers": headers, "raw_path": path.encode()}
    sent = []

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:]).decode()


def completed(coroutine):
    """Return a coroutine's result; in a thread, because Playwright's loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


async def nothing():
    return {"type": "http.request", "body": b"", "more_body": False}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("host", HOST)], 200),
        ([], 400),
        ([("host", HOST), ("host", HOST)], 400),
        ([("host", HOST), ("host", "evil.example")], 400),
        ([("host", HOST), ("origin", f"http://{HOST}"), ("origin", "http://evil.example")], 403),
        ([("host", HOST), ("origin", f"http://{HOST}"), ("origin", f"http://{HOST}")], 403),
        ([("host", HOST), ("cookie", "other=1")], 200),
        ([("host", HOST), ("cookie", f"cnnlab-{PORT}=another")], 403),
    ],
)
def test_a_header_comes_once(worker, headers, status):
    app = application(["one"], worker, PORT, TOKEN, SECRET)
    headers = [("cookie", GOOD["cookie"]), *headers]
    sent = [(name.encode(), value.encode()) for name, value in headers]
    assert completed(answer(app, sent, nothing))[0] == status


def test_a_body_that_does_not_arrive_is_waited_for_no_longer(worker, monkeypatch):
    monkeypatch.setattr("cnnlab.playground.guard.SECONDS", 0.01)

    async def stalled():
        await asyncio.Event().wait()

    headers = [(name.encode(), value.encode()) for name, value in POST.items()]
    app = application(["one"], worker, PORT, TOKEN, SECRET)
    found = completed(answer(app, headers, stalled, "/api/picture", "POST", b"run=0"))
    assert found == (408, "This took more than 0 s to arrive.")
    assert worker.asked == []


def malformed(generator):
    """Return headers, path, method, query and body of a request of which some part is noise."""

    def noise(most):
        return bytes(generator.randrange(256) for _ in range(generator.randrange(most)))

    method = generator.choice(["GET", "POST", "HEAD", "PUT", noise(9).decode("latin-1")])
    path = generator.choice(
        [
            *("/", "/page.js", "/api/runs", "/api/payload", "/api/image", "/api/cell"),
            *("/api/examples", "/api/picture", "/api/slope"),
        ]
    )
    if generator.random() < 0.2:
        path += noise(30).decode("utf-8", "replace")
    query = generator.choice(
        [b"", b"run=0&", b"run=0&number=1&class=1&", b"run=0&stage=1&map=2&label=1&"]
    )
    if generator.random() < 0.5:
        query += generator.choice([b"run=", b"t=", b"&&=%", b"number=-", b"class=9"]) + noise(20)
    sent = generator.choice([GOOD, POST, POST, {"host": HOST}, {}])
    headers = [(name.encode(), value.encode()) for name, value in sent.items()]
    for name in (b"host", b"origin", b"cookie", b"content-type", b"content-length", b"range"):
        if generator.random() < 0.1:
            headers.insert(generator.randrange(len(headers) + 1), (name, noise(40)))
    bodies = [noise(200), noise(200), b"x" * generator.choice([0, SMALL_BYTES + 1])]
    return headers, path, method, query, bodies


def test_malformed_requests_break_nothing_and_fill_no_memory():
    generator = random.Random(0)
    app = application(["one"], Computes(), PORT, TOKEN, SECRET)

    async def one():
        headers, path, method, query, bodies = malformed(generator)
        waiting = [{"type": "http.request", "body": each, "more_body": True} for each in bodies]
        end = generator.choice([{"type": "http.request"}, {"type": "http.disconnect"}])

        async def receive():
            return waiting.pop(0) if waiting else end

        status, _ = await answer(app, headers, receive, path, method, query)
        return status

    async def traced(count):
        statuses = {await one() for _ in range(count)}
        gc.collect()
        return statuses, tracemalloc.get_traced_memory()[0]

    async def both_halves():
        tracemalloc.start()
        found = [await traced(MALFORMED // 2), await traced(MALFORMED // 2)]
        tracemalloc.stop()
        return found

    (first, halfway), (second, after) = completed(both_halves())
    assert {200, 400, 403, 404, 405, 413, 415} == first | second
    assert after - halfway < 50_000, "as much for 1,000 requests as for 5,000"


def asked(bench, what, **given):
    return json.loads(bench.answer(json.dumps({"what": what, **given})))


def as_png(levels):
    stream = io.BytesIO()
    Image.fromarray(levels).save(stream, "PNG")
    return stream.getvalue()


def a_stroke():
    drawn = np.full((90, 90), 255, np.uint8)
    drawn[15:75, 40:50] = 0
    return as_png(drawn)


def test_the_bench_reads_a_picture_a_slope_and_an_image(folder):
    bench = Bench([str(folder)])
    found = asked(bench, "picture", run=0, body=base64.b64encode(a_stroke()).decode())
    assert len(found["levels"]) == 784
    assert any("inverted" in each for each in found["notes"])
    levels = base64.b64encode(bytes(found["levels"])).decode()
    slopes = asked(bench, "slope", run=0, number=3, body=levels)["slopes"]
    assert len(slopes) == 1024
    assert max(map(abs, slopes)) > 0
    image = asked(bench, "image", run=0, number=0)
    assert (len(image["levels"]), image["label"] in range(10)) == (784, True)
    predictions = bench._run(0).predictions
    label, answer = 0, 6
    cell = asked(bench, "cell", run=0, label=label, answer=answer, first=0)
    numbers = [each["number"] for each in cell["images"]]
    assert cell["count"] == (
        ((predictions.image_set.labels == label) & (predictions.predicted == answer)).sum()
    )
    assert len(numbers) == min(cell["count"], CELL_IMAGES) > 5
    assert list(np.diff(predictions.confidence[numbers]) <= 0) == [True] * (len(numbers) - 1)
    assert {each["label"] for each in cell["images"]} == {label}
    rest = asked(bench, "cell", run=0, label=label, answer=answer, first=cell["count"] - 1)
    assert len(rest["images"]) == 1
    examples = asked(bench, "examples", run=0, stage=3, map_=15)
    assert (examples["count"], len(examples["images"])) == (2000, EXAMPLES)
    assert len(examples["images"][0]["levels"]) == 784
    for what, given, words in [
        ("examples", {"run": 0, "stage": 3, "map_": 16}, "does not have that map."),
        ("examples", {"run": 0, "stage": 9, "map_": 0}, "does not have that map."),
        ("picture", {"run": 0, "body": "bm9uZQ=="}, "your picture"),
        ("slope", {"run": 0, "number": 3, "body": ""}, "784 grey levels"),
        ("image", {"run": 0, "number": 99_999}, "There are 2,000 validation images."),
        ("image", {"run": 5, "number": 0}, "This needs a run of your own."),
        ("nothing", {}, "This failed (KeyError: 'nothing')."),
    ]:
        assert words in asked(bench, what, **given)["error"]
    assert "This failed (JSONDecodeError" in json.loads(bench.answer("no JSON"))["error"]


def test_a_run_without_its_data_set_says_what_is_missing_and_what_to_do(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "run")
    config = tmp_path / "run/config.json"
    config.write_text(config.read_text().replace("fashion-mnist-sample", "mnist"))
    (tmp_path / "nothing").mkdir()
    bench = Bench([str(tmp_path / "run")], data_dir=str(tmp_path / "nothing"))
    for what in ("payload", "examples"):
        given = {} if what == "payload" else {"stage": 3, "map_": 0}
        said = asked(bench, what, run=0, **given)["error"]
        assert said.startswith(
            "The page shows a run with its images. MNIST is not on this machine, and cnnlab play "
            "downloads nothing. cnnlab looked in "
        )
        assert "Run 'cnnlab data get mnist' once with an internet connection" in said


def test_what_is_no_number_is_refused_in_words(monkeypatch):
    bench = Bench([])
    monkeypatch.setattr(bench, "slope", lambda: {"slopes": [math.nan]})
    assert "This failed (ValueError" in asked(bench, "slope")["error"]


def test_the_code_in_a_run_folder_runs_only_if_it_is_trusted(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(NET)
    settings = "--dataset fashion-mnist-sample --recipe sprint --epochs 1 --offline"
    run(["train", "--model", "mine.py:Net", *settings.split(), "--output", "run"])
    assert "content" in asked(Bench(["run"]), "payload", run=0), "the same code as in mine.py"
    Path("mine.py").write_text(NET + "# changed\n")
    found = asked(Bench(["run"]), "payload", run=0)
    assert "If you trust it, repeat the command with --trust." in found["error"]
    assert "content" in asked(Bench(["run"], trust=True), "payload", run=0)


def test_the_process_beside_the_server_ends_with_words():
    worker = Worker(["no run"])
    worker.start()
    with pytest.raises(ConfigError, match="no run is not a run folder"):
        worker.ask("image", run=0, number=0)
    worker._process.kill()
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"has ended\. Start cnnlab play again\."):
            worker.ask("image", run=0, number=0)
    worker.stop()
    with pytest.raises(ConfigError, match=r"has ended\. Start cnnlab play again\."):
        worker.ask("image", run=0, number=0)


def test_the_network_that_comes_with_cnnlab_is_small_and_is_what_the_worker_says():
    packed = (STATIC / SHIPPED).read_bytes()
    assert len(packed) <= 500_000
    about = json.loads(lzma.decompress(packed))["run"]
    assert about["licence"] == "MIT"
    assert about["data_set"] == find_data_set(SHIPPED_DATA_SET).title


@contextmanager
def playing(folder):
    """Run ``cnnlab play`` in a folder as a terminal does; return its address and what ends it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cnnlab", "play", "--no-browser"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,
    )

    def end() -> str:
        os.killpg(process.pid, signal.SIGINT)  # Ctrl-C: to the server and to the process beside it
        _, said = process.communicate(timeout=60)
        assert process.returncode in {0, 130}
        return said

    with process:
        try:
            yield re.search(r"http://127\.0\.0\.1:\d+/\?t=\S+", process.stdout.readline())[0], end
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def test_play_shows_the_network_that_comes_with_cnnlab_and_ends_with_ctrl_c(browser_page, tmp_path):
    with playing(tmp_path) as (address, end):
        browser_page.context.set_offline(False)
        browser_page.goto(address)
        browser_page.locator(".proof").wait_for()
        assert "same answers as PyTorch" in browser_page.text_content(".proof")
        assert "t=" not in browser_page.url
        assert browser_page.text_content("select.run") == "LeNet-5 that comes with cnnlab"
        browser_page.click('nav [data-tab="draw"]')
        before = browser_page.text_content(".s-answer")
        upload(browser_page, "stroke.png", a_stroke())
        browser_page.get_by_text("inverted").wait_for()
        assert browser_page.text_content(".s-answer") != before
        browser_page.get_by_label("Number of a validation image").fill("7")
        browser_page.keyboard.press("Enter")
        browser_page.get_by_text("This needs a run of your own.").wait_for()
        expect_refusals(browser_page, 1)
        browser_page.goto("about:blank")
        said = end()
    assert "Traceback" not in said
    assert "There is no run in runs/ yet" in said


def upload(page, name, content):
    file = {"name": name, "mimeType": "image/png", "buffer": content}
    page.set_input_files("input[type=file]", file)


def expect_refusals(page, count):
    """Forget the refusals that the browser reported, and nothing else."""
    assert ["400 (Bad Request)" in each for each in page.faults] == [True] * count
    page.faults.clear()


def look_through_all_images(page):
    """Open the best example of a map, and the hundredth image of a cell."""
    page.click('nav [data-tab="kernels"]')
    page.get_by_text("of all 2,000 validation images").wait_for()
    page.locator(".patch").first.click()
    assert re.fullmatch(r"Validation image [\d,]+", page.text_content(".source"))
    page.click('nav [data-tab="mistakes"]')
    page.locator(".matrix tbody tr").nth(3).locator("button").nth(3).click()
    page.get_by_text(re.compile(r"The 60 surest of \d+\.")).wait_for()
    page.get_by_role("button", name="More").click()
    page.get_by_text(re.compile(r"The 120 surest of \d+\.")).wait_for()
    page.locator(".images button").nth(100).click()
    assert "correct" in page.text_content(".s-answer")


def test_the_served_page_does_what_a_file_cannot(browser_page, folder, tmp_path):
    runs = tmp_path / "runs"
    shutil.copytree(folder, runs / "whole")
    shutil.copytree(folder, runs / "broken")
    for name in ("model.safetensors", "checkpoint.safetensors"):
        (runs / "broken" / name).unlink()
    os.utime(runs / "broken/config.json", (2e9, 2e9))  # the newest
    with playing(tmp_path) as (address, end):
        page = browser_page
        page.context.set_offline(False)
        page.goto(address)
        page.get_by_text("model.safetensors is missing.").wait_for()
        expect_refusals(page, 1)
        page.select_option("select.run", label="whole")
        page.locator(".proof").wait_for()
        assert "same answers as PyTorch" in page.text_content(".proof")
        assert page.input_value("select.run") == "1"
        page.keyboard.press("n")
        page.get_by_text(re.compile("^2 of ")).first.wait_for()
        page.go_back()
        page.get_by_text("model.safetensors is missing.").wait_for()
        expect_refusals(page, 1)
        page.go_forward()
        page.locator(".proof").wait_for()

        page.click('nav [data-tab="draw"]')
        before = page.text_content(".s-answer")
        upload(page, "stroke.png", a_stroke())
        page.get_by_text("inverted").wait_for()
        after = page.text_content(".s-answer")
        assert after != before
        upload(page, "none.png", b"none")
        page.get_by_text("your picture").wait_for()
        expect_refusals(page, 1)
        upload(page, "large.png", bytes(MOST_BYTES + 1))
        page.get_by_text("A picture may have 20 MB at most. Make it smaller.").wait_for()
        assert page.text_content(".s-answer") == after

        page.get_by_label("Number of a validation image").fill("7")
        page.keyboard.press("Enter")
        page.get_by_text("Validation image 7").wait_for()
        assert page.text_content(".s-answer") != after

        look_through_all_images(page)

        page.click('nav [data-tab="why"]')
        page.get_by_role("button", name="Show the slope instead").click()
        page.get_by_text("The slope: where a pixel is blue").wait_for()
        page.goto("about:blank")
        assert "Traceback" not in end()


def test_ctrl_c_ends_play_without_a_traceback_while_pytorch_is_loaded(tmp_path):
    with playing(tmp_path) as (_, end):
        assert "Traceback" not in end()


def test_play_refuses_what_is_no_run(cnnlab, tmp_path):
    status, _, err = cnnlab("play", tmp_path, "--no-browser")
    assert status == 1
    assert "is not a run folder" in err
