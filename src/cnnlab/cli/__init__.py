"""The command line: parse, call, print.

Read: app, flags, then a file for each group of commands (workshop, data, networks, runs,
experiments), terminal (what a person sees), usage (a mistake in the command), main (how it
ends).
"""
