"""Security controls as data: filled in, refused, denied, stopped and found, from one catalogue."""
