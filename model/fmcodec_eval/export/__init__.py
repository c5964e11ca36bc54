"""What cores do to a network's traffic, in the forms that simulators of accelerators read."""

from fmcodec_eval.export.forms import FORMS, write

__all__ = ["FORMS", "write"]
