"""This project's own page of results on known networks, and what is measured for it."""
