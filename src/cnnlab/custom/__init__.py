"""A network of your own, from a Python file: read it, try it out, explain what is wrong.

Read: template (the file to start from), network (a class in a file), beside (other files that it
needs), settings (what it must not change), find (a name to a network), check (try it, then judge
it). Tried in a process of its own, sandbox, child and process: observe (the file, the network, its
passes), steps (a little training), outputs and graph (what one pass tells), finite (what makes
NaN), hidden (state that is not saved), probes (how a user's code is watched). All that they see is
one plain value: trial. Judged by the table in rules: passes and shapes, saving, learning, size,
methods, advice and mistakes (exceptions); each returns a finding. parse, lines and suggest read
syntax and names.
"""
