"""Where jobs run: one small interface, and an implementation for each place."""
