"""Networks as people write them, each a short file of Python in the idiom of a public source.

Read: case (what a case is), the files sound_* and broken_* (the cases, by theme), collection (all
of them by name), wanted (networks that the next step must accept).
"""
