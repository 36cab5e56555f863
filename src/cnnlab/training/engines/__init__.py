"""How a network runs: the same layers, faster.

Read: choose, memory (how each step keeps it), then fused (which layers run as one), kernels (the
code of one such), lanes (an image in each lane of a vector).
"""
