"""Capture of feature maps: networks, arrays and training runs."""
