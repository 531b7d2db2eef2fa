"""What comes in: taken in, held back, or refused with a plain reason."""
