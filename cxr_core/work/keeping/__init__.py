"""Safe keeping: backups, what is kept how long, and room on the disk."""
