# %% [markdown]
# # 2 LeNet-5
#
# You build the network of 1998, count its numbers, and recompute one of them by hand.

# %%
# FIRST CELL

# %%
import torch

import cnnlab
from cnnlab.classroom import lesson, see
from cnnlab.classroom.exercises import ex4, ex5, ex6

lesson.begin("0.1.0")
data_set = "fashion-mnist"

# %% [markdown]
# ## Training and validation images
#
# 80 of 100 images are for training. On the other 20 we watch how the network does on images that it
# never trained on. The test images stay closed until the end.

# %%
splits = cnnlab.load(data_set, notify=print)
print(len(splits.train), len(splits.validation), len(splits.test))

# %% [markdown]
# The first 110 images to train on, and the first 110 for validation:

# %%
see.images(splits.train, range(110), labels=False)

# %%
see.images(splits.validation, range(110), labels=False)

# %% [markdown]
# ## The network
#
# Images are enlarged to 32 x 32 pixels, the size that LeNet-5 was made for.

# %%
torch.manual_seed(0)
network = cnnlab.LeNet5()
network

# %%
see.network(network)

# %% [markdown]
# Which layer has the most numbers to learn: a convolution or a linear layer? Guess, then look.

# %%
for name, numbers in network.named_parameters():
    print(f"{name:22} {tuple(numbers.shape)!s:16} {numbers.numel():6,}")
print("together", sum(numbers.numel() for numbers in network.parameters()))

# %% [markdown]
# ### Exercise 4: count without PyTorch

# %%
ex4


# %%
# EXERCISE 4

# %% [markdown]
# ## Before training
#
# The untrained network gives each of the 10 classes about 10 %. It knows nothing yet.

# %%
image = cnnlab.as_input(cnnlab.prepare(splits.stored).images[:1])
torch.softmax(network(image), dim=1)

# %%
see.prediction(network, splits.stored, 0)

# %% [markdown]
# ## Train it
#
# This takes 10 to 20 seconds. Did you run this notebook before? Then the network is there already.

# %%
command = f"cnnlab train --model lenet5 --recipe sprint --dataset {data_set}"
lesson.terminal(command)
run = cnnlab.open_run(f"runs/{data_set}-lenet5-seed-0")

# %% [markdown]
# ## What it learned to look for

# %%
see.kernels(run, splits.validation)

# %%
see.maps(run, splits.validation, 0)

# %% [markdown]
# ## One number, explained
#
# Row 4, column 5 of map 3 of the second convolution. It reads a patch of *each* of the 6 maps before
# it. Six subtotals and the bias make one sum. (Rows, columns and maps count from 0.)

# %%
explanation = cnnlab.explain(run, splits.validation.images[0], "conv2", (3, 4, 5))
total = explanation.parts[0]
for patch in total.patches:
    print("map", patch.map, "adds", patch.subtotal)
print("bias adds", total.bias)
print("sum", total.printed, "-> after tanh", explanation.parts[1].printed)

# %% [markdown]
# ### Exercise 5: recompute such a number yourself

# %%
ex5


# %%
# EXERCISE 5 run=run.folder

# %% [markdown]
# In the page below you see the same for every number. Move the mouse over a map.

# %%
cnnlab.show(run)

# %% [markdown]
# ### Exercise 6: does a small shift matter?

# %%
ex6

# %%
# EXERCISE 6 run=run.folder
