"""Insight: what a trained network gets wrong."""
