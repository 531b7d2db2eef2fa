"""make bench: the program beside what a user would write instead, side by side in one run."""
