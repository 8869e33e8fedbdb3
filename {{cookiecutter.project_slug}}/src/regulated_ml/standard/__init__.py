"""The standard's own files: who owns which, whether they are what the release holds, the environment."""
