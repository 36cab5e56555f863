"""How a network runs: the same layers, faster.

Read: choose, memory (how steps reuse it), then fused (which layers run as one), chain, kernels (the
machine code of such layers), lanes (one image in each lane of a vector).
"""
