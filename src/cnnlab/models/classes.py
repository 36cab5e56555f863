"""How many classes a network has if nobody says another number."""

CLASSES = 10
