"""Every run leaves a record, and the records are the one truth."""
