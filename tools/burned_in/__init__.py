"""How well burnt-in text is found: on a set of films with text planted in them, and on as many without."""
