"""Moving the old Timestream LiveAnalytics store into InfluxDB (TSD-19 to TSD-29)."""
