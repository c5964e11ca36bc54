"""Reports: what the codecs give on real networks, as tables, figures and a page."""
