"""What is asked, what is refused, and what is rendered."""
