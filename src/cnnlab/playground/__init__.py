"""See a network live: its page, as one file or served on this computer.

Read: payload (what the page carries of a run), page (one HTML file with everything in it),
notebook (the page in a cell). Then the server of `cnnlab play`: guard (whom it answers), server
(its addresses), worker (the process beside it that has PyTorch). In static: forward.js computes
the network, explain.js adds up a number, digit.js makes a drawing an image; live.js is what only
the served page has; the other files are what a person sees.
"""
