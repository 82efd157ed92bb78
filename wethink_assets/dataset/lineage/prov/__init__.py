"""W3C PROV of a version's rows: written as PROV-JSON, and read back into chains."""
