"""Settings of the model's tests."""

from hypothesis import settings

# the first call of a kernel compiles it: no deadline
settings.register_profile("model", deadline=None, max_examples=60, print_blob=True)
settings.load_profile("model")
