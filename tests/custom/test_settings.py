"""No setting of the process that a user's file changes is left changed."""

import os
import sys
import warnings
from contextlib import suppress

import numpy as np
import pytest
import torch

from cnnlab.custom.finding import FaultError
from cnnlab.custom.network import read_custom
from tests.support.custom_network import NET, write

NET_CLASS = "class Net("
INIT = "        super().__init__()\n"
IMPORTS = "import os, sys, warnings\n{0}import numpy as np\n{0}"


@pytest.mark.parametrize(
    ("line", "setting"),
    [
        ("os.environ['CNNLAB_X'] = '1'", lambda: os.environ.get("CNNLAB_X")),
        ("os.chdir('..')", os.getcwd),
        ("sys.setrecursionlimit(5000)", sys.getrecursionlimit),
        ("warnings.simplefilter('error')", lambda: list(warnings.filters)),
        ("np.seterr(all='raise')", np.geterr),
        ("torch.set_grad_enabled(False)", torch.is_grad_enabled),
        ("torch.set_num_threads(1)", torch.get_num_threads),
        ("torch.set_default_dtype(torch.float64)", torch.get_default_dtype),
        ("torch.set_default_device('meta')", torch.get_default_device),
        ("torch.use_deterministic_algorithms(True)", torch.are_deterministic_algorithms_enabled),
        ("torch.autograd.set_detect_anomaly(True)", torch.is_anomaly_enabled),
        ("torch.set_float32_matmul_precision('medium')", torch.get_float32_matmul_precision),
    ],
)
def test_no_setting_of_a_file_leaks(line, setting):
    before = setting()
    write(NET, (NET_CLASS, f"{IMPORTS.format('')}{line}\n{NET_CLASS}"))
    read_custom("mine.py:Net").read()
    assert setting() == before
    indent = " " * 8
    write(NET, (INIT, f"{INIT}{indent}{IMPORTS.format(indent)}{line}\n"))
    with suppress(FaultError):  # layers on the device "meta" have no numbers to draw
        read_custom("mine.py:Net")()
    assert setting() == before
