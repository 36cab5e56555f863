"""The whole workshop in one call.

Read: course (the order), chapters (what each says and shows), published (the notebook's numbers).
"""
