"""A period of a book: its days, its activity tables, and every table by name."""
