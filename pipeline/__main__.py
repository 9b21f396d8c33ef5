"""`python -m pipeline` is `visavis`."""

import sys

from pipeline.cli import main

sys.exit(main())
