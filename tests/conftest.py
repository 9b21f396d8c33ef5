"""Property tests look for new examples on a developer's machine, and are the same each time where CI is set."""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")
