"""InfluxQL as people send it: read, checked, and written anew (QRY-4, QRY-5)."""
