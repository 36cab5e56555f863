"""Experiments: trainings kept as run folders."""
