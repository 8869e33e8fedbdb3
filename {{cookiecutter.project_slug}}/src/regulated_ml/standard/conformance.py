"""Whether a repository still is what the standard says: the managed files, the lock file."""
