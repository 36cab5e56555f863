"""A person's own picture, prepared as the authors of the data set prepared theirs.

Read: decode (a file to grey levels), ink (what was drawn), normalise (28 x 28, in the middle).
"""
