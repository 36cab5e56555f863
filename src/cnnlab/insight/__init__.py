"""What a network has learned: tensors in, plain values out.

Read: predictions, mistakes, graph (the format), interpret (NumPy computes it), builder,
translate_layers, translate, trace (from PyTorch to the graph), printed, explanation, reader,
explain (one number, added up), fields, saliency, examples.
"""
