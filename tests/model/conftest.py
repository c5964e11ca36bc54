"""Settings of the model's tests."""

import sys
from pathlib import Path

from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))  # `ebpc_cases` is shared by the tests of this folder

# the first call of a kernel compiles it: no deadline
settings.register_profile("model", deadline=None, max_examples=60, print_blob=True)
settings.load_profile("model")
