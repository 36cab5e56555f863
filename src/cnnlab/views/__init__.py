"""What a person sees: figures, sentences and self-contained pages.

Read: page (what a page is made of), figures (each one idea), run_facts, run_words, curve_drawings,
inside_page, run_page, sentences, comparison_words, comparison_page, plots (for the docs).
"""
