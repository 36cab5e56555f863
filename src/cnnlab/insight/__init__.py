"""What a network has learned: tensors in, plain values out.

Read: predictions, mistakes.
"""
