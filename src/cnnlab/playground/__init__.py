"""See a network live: its page, as one file or served on this computer.

Read: payload (what the page carries of a run), page (one HTML file with everything in it),
notebook (the page in a cell). In static: forward.js computes the network, explain.js adds up a
number, digit.js makes a drawing an image; the other files are what a person sees.
"""
