"""Exercise, seed -> Exercises with numbers. Randomness comes from one generator that this project pins."""

from symprop.sampling.points import seeded_points

__all__ = ["seeded_points"]
