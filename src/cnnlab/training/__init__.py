"""Learning: the settings, the loop, and beside it what makes it fast.

Read: config, loop (all that happens when a network learns), optimizers, state (what a checkpoint
holds), device; then engines.
"""
