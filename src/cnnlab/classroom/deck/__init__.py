"""The parts of the slides: what stands on them, the numbers, the drawings, and how they are shown.

Read: source (slides.md as values), worked (numbers computed by hand), measured (what many seeds
reached), material (what is drawn of a run), items (what a figure is made of), by_hand, of_images,
of_network, of_run, of_seeds (the figures), html, pictures (curves and dots as PNG), powerpoint.
"""
