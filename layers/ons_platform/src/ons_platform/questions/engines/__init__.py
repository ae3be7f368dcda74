"""Plans run: as SQL over the lake, as Flux or InfluxQL in the time-series store."""
