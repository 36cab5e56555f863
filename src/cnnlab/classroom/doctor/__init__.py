"""Is this laptop ready? Small checks, each of which returns one plain value.

Read: check.py machine.py laptop.py learning.py surroundings.py examine.py
"""
