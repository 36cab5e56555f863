"""Teach with it: exercises, slides, a check of each laptop, an offline kit.

Read: deck (the parts of the slides), slides (how they become a file).
"""
