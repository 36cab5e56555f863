"""Teach with it: exercises, slides, a check of each laptop, an offline kit.

Read: versions.py doctor kit
"""
