# %% [markdown]
# # 0 Start: your first network
#
# You train a network that recognises clothes, look inside it, and draw for it. This takes about ten
# minutes. You need a little Python and nothing else.
#
# A **cell** is a grey box with code. Click into it and press **Shift + Enter**: it runs, and the
# result appears below it. Run all cells from the top, one after the other.

# %%
# FIRST CELL

# %%
import cnnlab
from cnnlab.classroom import lesson, see

lesson.begin("0.1.0")
data_set = "fashion-mnist"

# %% [markdown]
# No internet, and no images on this computer? Write `data_set = "fashion-mnist-sample"` in the cell
# above and run it again. This smaller set comes with cnnlab.
#
# ## The images

# %%
splits = cnnlab.load(data_set, notify=print)
print(len(splits.train), "images to train on,", len(splits.validation), "for validation")
see.images(splits.train, range(12))

# %% [markdown]
# ## Guess first
#
# How many of 100 *new* images will the network recognise after a few seconds of training? Write your
# guess into the next cell.

# %%
guess = 50

# %% [markdown]
# ## Train
#
# The command below is the same that you would type in a terminal. It takes 10 to 20 seconds.

# %%
command = "cnnlab train --model lenet5-relu-max --recipe sprint"
lesson.terminal(f"{command} --dataset {data_set}")

# %%
run = cnnlab.open_run(f"runs/{data_set}-lenet5-relu-max-seed-0")
result = 100 * run.history()[-1].validation_accuracy
print(f"You guessed {guess}. It recognises {result:.1f} of 100 images that it never trained on.")

# %% [markdown]
# ## Look inside
#
# This is *your* network. Move the mouse over any square: the page shows every number that made it.
# Choose **Draw** and draw a shirt, a shoe or a bag. The page needs no internet and sends nothing.

# %%
cnnlab.show(run)

# %% [markdown]
# ## What next
#
# - Notebook 1: what a convolution does, by hand.
# - Notebook 2: LeNet-5, and one of its numbers explained.
# - Notebook 3: how a network learns, and what goes wrong.
# - Notebook 4: its mistakes.
# - Notebook 5: did your change help, or was it luck?
