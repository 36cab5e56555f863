"""A network of your own, from a Python file: read it, try it out, explain what is wrong.

Read: template (the file to start from), network (a class in a file), find (a name to a network),
check (try it, then judge it), sandbox and child (a process of its own), trial (what is observed
there), probes and passes (how a user's code is watched, passes and training steps). Then what is
found: finding, rules (about plain data), shapes, advice, saving, learning. parse and suggest read
syntax and names.
"""
