"""Trainings: recipes, loops, checkpoints."""
