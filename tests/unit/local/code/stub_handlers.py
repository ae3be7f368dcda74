"""Handlers the tests run under AWS's own runtime client."""

import os
import sys
import time
from pathlib import Path


class LeaseHeld(Exception):
    pass


def echo(event, context):
    return {
        "event": event,
        "pid": os.getpid(),
        "request_id": context.aws_request_id,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "arn": context.invoked_function_arn,
        "environment": {
            k: v for k, v in os.environ.items() if k.startswith(("ONS_", "AWS_", "INFLUX", "TZ"))
        },
    }


def fails(event, context):
    raise LeaseHeld(f"né? {event}")


def exits(event, context):
    os._exit(3)


def sleeps(event, context):
    time.sleep(float(event))
    return os.getpid()


def takes(event, context):
    """Uses so many megabytes for a while."""
    taken = bytearray(event * 1024 * 1024)
    time.sleep(20)
    return len(taken)


def flaky(event, context):
    """Fails as often as `event["failures"]` says, counting in a file."""
    file = Path(event["file"])
    calls = int(file.read_text()) + 1 if file.exists() else 1
    file.write_text(str(calls))
    if calls <= event["failures"]:
        raise LeaseHeld("not yet")
    return {"calls": calls}


def says(event, context):
    print("a line of the log", file=sys.stderr)
    return "é"
