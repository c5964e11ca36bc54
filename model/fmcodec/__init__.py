"""Golden models of feature-map codecs for DNN accelerators."""

from fmcodec import codecs, ebpc, feature_maps, fmtc, rice

__all__ = ["__version__", "codecs", "ebpc", "feature_maps", "fmtc", "rice"]

__version__ = "0.1.0"
