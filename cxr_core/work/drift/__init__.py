"""Watching what comes in and what models and readers make of it."""
