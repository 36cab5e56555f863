"""The command line: parse, call, print.

Read: app, flags, then a file for each group of commands (workshop, quiz, data, networks, runs,
experiments, playground, exercises, slides, laptops), terminal and progress (what a person sees),
results, usage (a mistake in the command), main (how it ends).
"""
