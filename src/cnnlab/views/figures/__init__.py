"""The figures of a page as HTML and SVG: labels are real text, and nothing loads PyTorch.

Read: markup (elements from values), colours, axis (which numbers to show), pictures (pixels), then
each figure: hero, network, values, curves, bars, matrix, dots.
"""
