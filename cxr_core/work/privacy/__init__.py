"""What identifies: sealed, sought, and erased."""
