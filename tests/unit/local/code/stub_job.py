"""A batch job for the tests: ends with the status its environment asks for."""

import os
import sys
import time

time.sleep(float(os.environ.get("JOB_SECONDS", "0")))
sys.exit(int(os.environ.get("JOB_STATUS", "0")))
