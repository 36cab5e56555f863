# %% [markdown]
# # 4 What it gets wrong
#
# An accuracy is one number. The mistakes behind it tell you more.

# %%
# FIRST CELL

# %%
import cnnlab
from cnnlab.classroom import lesson, see
from cnnlab.classroom.exercises import ex9

lesson.begin("0.1.0")
data_set = "fashion-mnist"

# %%
splits = cnnlab.load(data_set, notify=print)
lesson.terminal(f"cnnlab train --model lenet5 --recipe sprint --dataset {data_set}")
run = cnnlab.open_run(f"runs/{data_set}-lenet5-seed-0")

# %% [markdown]
# ## Right and wrong
#
# Twelve validation images. A wrong prediction has a dashed frame. The number is how sure the network
# is.

# %%
see.predictions(run, splits.validation, range(12))

# %% [markdown]
# ## Which classes are confused?
#
# Guess first: which two kinds of clothes does the network confuse most often?
#
# Each row is what the images show, each column is what the network says. Click a number: it opens
# some of its images.

# %%
see.confusion(run, splits.validation)

# %% [markdown]
# ### Exercise 9: what would you say?

# %%
ex9

# %%
ex9.sheet(run=run.folder)

# %%
# EXERCISE 9 run=run.folder

# %% [markdown]
# ## Sure, and wrong
#
# The mistakes that the network was most certain of. Beside each you see which part of the picture
# speaks for the wrong answer.

# %%
see.mistakes(run, splits.validation)

# %% [markdown]
# Some of these labels are doubtful. Would you give the same label?
#
# ## Ask the page
#
# Choose **Mistakes**, then a cell of the matrix, then an image. Choose **Why?** and cover a part of it.

# %%
cnnlab.show(run)
