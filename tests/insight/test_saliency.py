"""Why this prediction: the maps are those of the network, and of its weights."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from cnnlab.data.own.load import load
from cnnlab.data.tensors import as_input, prepare
from cnnlab.errors import ConfigError
from cnnlab.insight.interpret import logits_of, run
from cnnlab.insight.saliency import input_gradient, occlusion, strongest_path
from cnnlab.insight.trace import trace
from cnnlab.models.catalog import MODELS
from tests.support.idioms import IDIOMS, lively


@pytest.fixture(scope="module")
def trained():
    """Return a LeNet-5 that knows the sample's images, after two seconds of training."""
    network = MODELS["lenet5-relu-max"].build(seed=0)
    data = prepare(load("fashion-mnist-sample", notify=lambda _: None).train)
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    for batch in torch.randperm(len(data.labels), generator=torch.Generator().manual_seed(0)).split(
        50
    ):
        loss = torch.nn.functional.cross_entropy(
            network(as_input(data.images[batch])), data.labels[batch]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network.eval()


def test_occlusion_is_how_much_the_logit_falls(trained, images):
    graph = trace(trained, (1, 32, 32))
    found = occlusion(graph, images[0])
    assert np.shape(found.falls) == (15, 15)
    covered = images[:1].copy()
    covered[:, :, 6:10, 20:24] = 0
    logits = logits_of(graph, np.concatenate([images[:1], covered]))
    assert found.class_index == logits[0].argmax()
    fall = logits[0, found.class_index] - logits[1, found.class_index]
    assert found.falls[3][10] == pytest.approx(fall, abs=1e-5)
    other = occlusion(graph, images[0], class_index=3, size=8, stride=8)
    assert (np.shape(other.falls), other.class_index) == ((4, 4), 3)


def test_a_square_that_does_not_fit_is_refused(trained, images):
    graph = trace(trained, (1, 32, 32))
    with pytest.raises(
        ConfigError, match="A square of 33 pixels every 2 pixels does not fit: size"
    ):
        occlusion(graph, images[0], size=33)
    with pytest.raises(ConfigError, match="and stride at least 1"):
        occlusion(graph, images[0], stride=0)


def test_the_input_gradient_is_the_slope(trained, images):
    found = input_gradient(trained, images[0])
    slopes = np.array(found.slopes)
    row, column = np.unravel_index(np.abs(slopes).argmax(), slopes.shape)
    both = np.repeat(images[:1], 2, axis=0)
    both[0, 0, row, column] -= 1e-3
    both[1, 0, row, column] += 1e-3
    with torch.no_grad():
        low, high = trained(torch.from_numpy(both))[:, found.class_index].tolist()
    assert slopes[row, column] == pytest.approx((high - low) / 2e-3, rel=0.05)
    assert input_gradient(trained, images[0], class_index=2).class_index == 2


@pytest.mark.parametrize("name", ["lenet5", "resnet8", *IDIOMS])
def test_the_strongest_path_leads_to_the_image(name, images):
    make = IDIOMS[name] if name in IDIOMS else MODELS[name].make
    graph = trace(lively(make), (1, 32, 32))
    values = run(graph, images[:1])
    path = strongest_path(graph, values)
    logits = values[graph.answer][0]
    assert path[0].pixel == (int(logits.argmax()), 0, 0)
    assert path[0].value == pytest.approx(float(logits.max()), abs=1e-4)
    assert graph.by_name[path[-1].step].op in {"input", "constant"}
    order = [step.name for step in graph.steps]
    places = [order.index(link.step) for link in path]
    assert places == sorted(places, reverse=True)
    assert strongest_path(graph, values, class_index=5)[0].pixel == (5, 0, 0)


def test_the_strongest_contribution_is_the_largest_product(images):
    network = MODELS["lenet5"].build(seed=0).eval()
    graph = trace(network, (1, 32, 32))
    values = run(graph, images[:1])
    path = strongest_path(graph, values, class_index=4)
    products = network.classifier[4].weight.detach().numpy()[4] * values["classifier.3"][0]
    assert path[1].pixel[0] == np.abs(products).argmax()
    assert path[1].contribution == pytest.approx(float(products[path[1].pixel[0]]))
    assert [link.stage for link in path] == [*reversed(graph.stages)]


def test_random_weights_change_the_maps(trained, images):
    """A map that stays the same for a network that has learned nothing explains nothing."""
    random = MODELS["lenet5-relu-max"].build(seed=1).eval()
    graphs = [trace(each, (1, 32, 32)) for each in (trained, random)]
    occluded, sloped = [], []
    for image in images[:10]:
        chosen = int(logits_of(graphs[0], image[None])[0].argmax())
        falls = [occlusion(graph, image, class_index=chosen).falls for graph in graphs]
        slopes = [
            input_gradient(net, image, class_index=chosen).slopes for net in (trained, random)
        ]
        occluded.append(spearmanr(*map(np.ravel, falls)).statistic)
        sloped.append(spearmanr(*map(np.ravel, slopes)).statistic)
        again = occlusion(graphs[0], image, class_index=chosen).falls
        assert again == falls[0]
    assert np.mean(np.abs(occluded)) < 0.5
    assert np.mean(np.abs(sloped)) < 0.5
