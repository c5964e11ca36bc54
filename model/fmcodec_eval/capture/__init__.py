"""Capture of feature maps: from networks, saved arrays and training runs.

from fmcodec_eval.capture import SourceSpec

source = SourceSpec("network.tflite", images="photographs").open()
for captured in source.maps(0):
    print(captured.layer, captured.kind, captured.values.shape)
"""

from fmcodec.errors import InputError, MissingPackage
from fmcodec_eval.capture.maps import CapturedMap, Source
from fmcodec_eval.capture.source import NetworkSource, SourceSpec

__all__ = ["CapturedMap", "InputError", "MissingPackage", "NetworkSource", "Source", "SourceSpec"]
