"""What a person sees: figures, sentences and self-contained pages.

Read: page (what a page is made of), plots, run_page, sentences, comparison_page.
"""
