# %% [markdown]
# # 1 Pictures and convolution
#
# A network sees numbers, not pictures. A convolution looks for one small pattern at every place. In
# this notebook you write one yourself. Nothing trains here, so nothing takes long.

# %%
# FIRST CELL

# %%
import numpy as np

import cnnlab
from cnnlab.classroom import lesson, see
from cnnlab.classroom.exercises import ex1, ex2, ex3

lesson.begin("0.1.0")
data_set = "fashion-mnist"

# %% [markdown]
# ## A picture is numbers
#
# Each image has 28 rows of 28 pixels. A pixel is a number from 0 (black) to 255 (white).

# %%
splits = cnnlab.load(data_set, notify=print)
see.images(splits.stored, [0, 9999])

# %%
see.images(splits.test, [5499 % len(splits.test)])

# %%
see.numbers(splits.stored, 0)

# %% [markdown]
# ## Convolution by hand
#
# Put the kernel on the top left corner of the picture. Multiply each pair of numbers and add:
# `0 * 0 + 1 * 1 + 3 * 2 + 4 * 3 = 19`. Move the kernel one step, and do it again.
#
# Before you run the next cell: which four numbers come out?

# %%
picture = np.arange(9.0).reshape(3, 3)
kernel = np.array([[0.0, 1.0], [2.0, 3.0]])
print(picture)
print(kernel)

# %%
for row in range(2):
    for column in range(2):
        patch = picture[row : row + 2, column : column + 2]
        print(row, column, (patch * kernel).sum())

# %% [markdown]
# ### Exercise 1: write it for any size

# %%
ex1


# %%
# EXERCISE 1

# %% [markdown]
# Stuck? `ex1.hint()` gives a first hint, `ex1.hint(2)` and `ex1.hint(3)` say more, and
# `ex1.solution()` shows one solution. They cost nothing.
#
# ## Three kernels on a real image

# %%
image = splits.stored.images[0]
see.filtered(image, [[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])

# %%
see.filtered(image, [[-1, -1, -1], [0, 0, 0], [1, 1, 1]])

# %%
see.filtered(image, np.full((5, 5), 0.04))

# %% [markdown]
# The first kernel finds edges from dark to bright, left to right. The second finds them from top to
# bottom. What does the third one do?
#
# ## Padding and stride
#
# A 28 x 28 image and a 5 x 5 kernel make 24 x 24 numbers: at the border the kernel does not fit. With
# a **padding** of 2, two rows and columns of zeros are put around the image. With a **stride** of 2,
# the kernel moves two steps at a time.
#
# How large is the result of the next cell? Write down your answer before you run it.

# %%
see.filtered(image, np.full((5, 5), 0.04), stride=2, padding=2)

# %% [markdown]
# ### Exercise 2: the size of the result

# %%
ex2


# %%
# EXERCISE 2

# %% [markdown]
# ### Exercise 3: design a kernel

# %%
ex3

# %%
# EXERCISE 3
