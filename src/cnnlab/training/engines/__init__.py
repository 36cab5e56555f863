"""How a network runs: the same layers, faster.

Read: choose, memory (how steps reuse it); then capture (which layers run as one), convolution and
deferred (how that is found), steps and worth (what fits, what gains); then chain and workers (one
compiled chain), blocks, kernels and activations (its machine code), lanes (one image in each lane
of a vector).
"""
