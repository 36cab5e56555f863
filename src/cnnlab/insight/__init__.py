"""What a network has learnt: tensors in, plain values out.

Read: predictions, mistakes.
"""
