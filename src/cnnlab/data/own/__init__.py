"""Your own images as a data set: a folder of pictures, an .npz file, IDX files.

Read: data_set (its names), square (every image 28 x 28), folder, arrays, idx_files (where images
come from), twins (images that are almost the same), rule (which image is in which split), load.
"""
