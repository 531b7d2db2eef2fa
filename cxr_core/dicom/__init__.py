"""Bytes to X-ray and back: reading, de-identifying, the stored form, phantoms."""
