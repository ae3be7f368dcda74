"""The partitioned Parquet lake, its ledger and what is known of its coverage."""
