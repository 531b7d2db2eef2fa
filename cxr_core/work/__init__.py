"""The use cases. Asking (screens, command line) is light; doing (the worker) is heavy."""
