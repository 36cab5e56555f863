import pytest
import torch

from cnnlab.errors import DeviceError
from cnnlab.training.device import choose_device, describe_device
from cnnlab.wording import counted


def test_cpu_is_always_there():
    assert choose_device("cpu").type == "cpu"
    assert counted(torch.get_num_threads(), "thread") in describe_device(choose_device("cpu"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")
def test_a_device_that_is_not_here_is_refused():
    with pytest.raises(DeviceError, match=r"no device 'cuda'\. Use one of: auto, cpu"):
        choose_device("cuda")


def test_auto_takes_cuda_before_the_cpu(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert choose_device("auto").type == "cuda"
