"""A batch job for the tests: takes what its environment asks for, ends with the status it asks."""

import os
import sys
import time
from pathlib import Path

taken = bytearray(int(os.environ.get("JOB_MEGABYTES", "0")) * 1024 * 1024)
time.sleep(float(os.environ.get("JOB_SECONDS", "0")))
if "JOB_COUNT" in os.environ:
    with Path(os.environ["JOB_COUNT"]).open("a") as file:
        file.write("x")
sys.exit(int(os.environ.get("JOB_STATUS", "0")))
