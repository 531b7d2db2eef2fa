"""CXR Second Reader: a second opinion on chest X-rays, on premise."""

__version__ = "0.1.0"
