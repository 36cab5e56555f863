"""Teach with it: exercises, slides, notebooks, a check of each laptop, an offline kit.

Read: exercises, then lesson, figure and see (what a notebook uses), deck (the parts of the slides),
slides (how they become a file), versions, doctor, kit.
"""
