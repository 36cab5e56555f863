"""What runs on a student's laptop before cnnlab is there: Python's standard library alone."""
