"""``python -m cnnlab``: the command line."""

from cnnlab.cli.main import main

main()
