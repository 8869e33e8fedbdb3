"""What the guard must do, written down without looking at what it does."""
