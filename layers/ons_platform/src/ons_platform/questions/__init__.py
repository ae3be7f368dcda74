"""Questions in Portuguese and English to answers with value, unit, period and sources."""
