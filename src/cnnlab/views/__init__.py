"""Views: figures and self-contained pages."""
