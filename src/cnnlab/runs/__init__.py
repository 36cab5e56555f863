"""One run as a folder: nothing is lost, and every run can be resumed.

Read: layout (which files), store, tensors and schema (how they are written and checked),
description (what is recorded about a run), run, weights, evaluation, writer, train.
"""
