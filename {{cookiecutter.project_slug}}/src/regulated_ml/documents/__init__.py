"""The documents of a model version: what is said in them, and how they are written.

Each document is made from `Evidence` alone: the records of the version, what its jobs wrote, and
what persons have written in config/documents.yaml. The same evidence gives the same bytes.
"""
