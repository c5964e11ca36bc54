"""Which cores to build for a network: `fmcodec choose`."""
