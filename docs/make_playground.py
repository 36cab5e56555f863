"""Write the payload of the LeNet-5 that `cnnlab play` shows to those who have no run yet.

Needs Fashion-MNIST: CNNLAB_DATA=FOLDER python docs/make_playground.py. The recipe is ``sprint``
(4 epochs, seed 0); the images are Fashion-MNIST's (MIT licence).
"""

import json
import lzma
import tempfile
from pathlib import Path

from cnnlab import load, open_run
from cnnlab.cli.main import run
from cnnlab.playground.bundle import STATIC
from cnnlab.playground.payload import build_payload
from cnnlab.playground.server import SHIPPED

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        run(["train", "--recipe", "sprint", "--output", str(folder)])
        payload = build_payload(open_run(folder), load("fashion-mnist"))
    text = json.dumps(payload.content, separators=(",", ":"))
    (STATIC / SHIPPED).write_bytes(lzma.compress(text.encode(), preset=9))
