"""Training: the settings, the loop, and the engines that make it fast.

Read: config, loop (everything that happens when a network learns), optimizers, state (what a
checkpoint holds), device; then engines.
"""
