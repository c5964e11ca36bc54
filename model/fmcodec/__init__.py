"""Golden models of feature-map codecs for DNN accelerators."""

from fmcodec import codecs, ebpc, feature_maps, fmtc

__all__ = ["__version__", "codecs", "ebpc", "feature_maps", "fmtc"]

__version__ = "0.1.0"
