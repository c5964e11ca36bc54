"""Golden models and evaluation of feature-map codecs for DNN accelerators."""

__version__ = "0.1.0"
