import importlib.util
import pathlib
import subprocess
import sys

if importlib.util.find_spec("cnnlab") is None:  # Colab and Kaggle have no cnnlab yet
    kit = next(pathlib.Path("/kaggle/input").glob("**/wheels"), None)
    source = ["--no-index", "--find-links", str(kit)] if kit else []
    if subprocess.run([sys.executable, "-m", "pip", "install", "-q", *source, "cnnlab"]).returncode:
        sys.exit("cnnlab could not be installed. Switch the internet on, or attach the kit.")
