"""The command line, a file for each group of commands: results on standard output, words on standard error."""
