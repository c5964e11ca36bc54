"""The adaptive Golomb-Rice code that the Rice and the FMTC cores share."""
