"""Evaluation of feature-map codecs: networks, capture, reports, and this project's results."""
