"""What ONS publishes: one YAML per dataset says how it is read, checked, named and asked for."""
