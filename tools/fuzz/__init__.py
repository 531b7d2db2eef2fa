"""Broken files and bodies by the thousand, made from ours by chance and by what they reach: each must be answered."""
