"""contend: reads, checks, condenses and compares the suite's results (standard library only)."""
