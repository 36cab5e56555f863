"""What is wrong with a network of one's own, found by trying it out."""
