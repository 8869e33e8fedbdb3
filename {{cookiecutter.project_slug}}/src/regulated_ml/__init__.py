"""The standard: secure, traceable, explainable machine learning, the same in every repository."""

__version__ = "0.2.0"
