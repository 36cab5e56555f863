"""Teach with it: exercises, slides, a check of each laptop, an offline kit."""
