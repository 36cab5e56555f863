"""A person's own picture, made what the data set's authors would have made of it.

Read: decode (a file to grey levels), ink (what was drawn), normalise (28 x 28, in the middle).
"""
