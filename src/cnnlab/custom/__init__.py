"""A network of your own, from a Python file: read it, try it out, explain what is wrong.

Read: template (the file to start from), network (a class in a file), find (a name to a network),
check (the order of all that follows), sandbox and probes (how a user's code is run and watched),
trial (passes and training steps). Then what is found: finding, shapes, advice, saving, learning.
parse and suggest read syntax and names.
"""
