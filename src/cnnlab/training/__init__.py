"""Training: the loop a student reads, and what makes it fast."""
