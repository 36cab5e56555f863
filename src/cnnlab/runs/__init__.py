"""One training as a folder: nothing is lost, and everything can be resumed.

Read: layout (which files), store, tensors and schema (how they are written and checked),
description (what is kept of a training), run, weights, evaluation, writer, train.
"""
