"""Property tests look for new examples on a developer's machine, and are the same each time where CI is set.

None of them depends on how fast the machine is.
"""

import os

from hypothesis import settings

settings.register_profile("here", deadline=None)
settings.register_profile("ci", derandomize=True, deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")
