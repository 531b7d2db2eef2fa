"""How the program itself is: whether it may be asked for, and its figures for what monitors it."""
