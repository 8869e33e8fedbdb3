"""Where the table comes from, what it must look like, its fingerprint, its profile and its twin."""
