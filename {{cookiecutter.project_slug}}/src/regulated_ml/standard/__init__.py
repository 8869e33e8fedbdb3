"""The standard's own files: who owns which, whether they are unchanged, their environment."""
