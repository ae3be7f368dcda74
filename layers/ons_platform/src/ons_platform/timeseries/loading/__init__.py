"""From the lake into the time-series store, one partition at a time (TSD-11 to TSD-18)."""
