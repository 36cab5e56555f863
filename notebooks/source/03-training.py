# %% [markdown]
# # 3 How a network learns
#
# You open one training step, train for 25 epochs, and see what a wrong setting does.

# %%
# FIRST CELL

# %%
import inspect
from math import log
from pathlib import Path

import torch

import cnnlab
from cnnlab.classroom import lesson, see
from cnnlab.classroom.exercises import ex7, ex8

lesson.begin("0.1.0")
data_set = "fashion-mnist"

# %% [markdown]
# ## The device
#
# A graphics card (GPU) is faster. A normal computer is enough for this network.

# %%
device = "cuda" if torch.cuda.is_available() else "cpu"
splits = cnnlab.load(data_set, notify=print)
prepared = splits.on(device)
device

# %% [markdown]
# ## Two functions
#
# `loss_batch` measures how wrong the network is on some images. `accuracy` counts the correct
# predictions. These are the functions that cnnlab itself uses:

# %%
print(inspect.getsource(cnnlab.loss_batch))
print(inspect.getsource(cnnlab.accuracy))

# %% [markdown]
# ## Before training
#
# A network that gives each of 10 classes the same chance has the loss ln 10.

# %%
torch.manual_seed(0)
network = cnnlab.LeNet5().to(device)
print(cnnlab.evaluate(network, prepared.validation))
print("ln 10 =", round(log(10), 4))

# %% [markdown]
# ## One step
#
# A step has four parts: predict and measure the loss, find out how each number must change
# (`backward`), change all of them a little (`step`), and delete what `backward` found (`zero_grad`).

# %%
images = cnnlab.as_input(prepared.train.images[:512])
labels = prepared.train.labels[:512]
optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)

loss, logits = cnnlab.loss_batch(network, images, labels)
loss.backward()
optimizer.step()
optimizer.zero_grad()
print("loss before", loss.item(), "accuracy", cnnlab.accuracy(logits, labels))

# %% [markdown]
# Is the loss on the *same* images smaller now? What do you think? Run the cell.

# %%
loss, logits = cnnlab.loss_batch(network, images, labels)
print("loss after one step", loss.item())

# %% [markdown]
# Run the last two cells a few times. What happens to the loss?
#
# ## 25 epochs
#
# One epoch is one pass over all training images. `fit` does what you just did, for every batch of 512
# images, in a new random order in each epoch. This takes 15 to 40 seconds.

# %%
torch.manual_seed(0)
network = cnnlab.LeNet5().to(device)
config = cnnlab.TrainConfig(epochs=25)
listener = lesson.show_epochs(config.epochs)
history = cnnlab.fit(network, prepared.train, prepared.validation, config, listener=listener)

# %%
see.curves(history)

# %% [markdown]
# Look at the loss on the right. Does the validation loss still fall at the end? If it rises while the
# training loss falls, the network begins to learn its training images by heart: it **overfits**.
#
# ## The test set
#
# Nobody looked at the test images until now. They say how good the network really is. Whoever
# chooses a network by its test result has no honest number left.

# %%
cnnlab.evaluate(network, cnnlab.prepare(splits.test, device))

# %% [markdown]
# The notebook of the computer-science club that cnnlab grew from published 89.33 % for this network
# on Fashion-MNIST.
#
# ## The learning rate
#
# How large is a step? Guess which of the three learns best: 0.0001, 0.1 or 10.

# %%
for rate in (0.0001, 0.1, 10.0):
    torch.manual_seed(0)
    network = cnnlab.LeNet5().to(device)
    config = cnnlab.TrainConfig(epochs=1, learning_rate=rate)
    record = cnnlab.fit(network, prepared.train, prepared.validation, config)[0]
    print(f"{rate:7}: validation loss {record.validation_loss:.3f}")

# %% [markdown]
# ### Exercise 7: repair a broken network

# %%
ex7

# %% [markdown]
# The next cell writes bee as `broken.py`. Open that file, repair it, save it, and run the last cell.

# %%
if not Path("broken.py").exists():
    lesson.terminal("cnnlab exercise 7 start broken.py --which bee")

# %%
ex7.check("broken.py")

# %% [markdown]
# ### Exercise 8: find three learning rates

# %%
ex8

# %%
# EXERCISE 8
