"""A network of your own, from a Python file: read, tried out, explained.

Read: template (the file to start from), network (a class in a file), find (a name to a network),
check (the order of all below), sandbox and probes (how a stranger's code is run and watched), trial
(passes and steps), then what is found: finding, shapes, advice, saving, learning; parse and suggest
for names and syntax.
"""
