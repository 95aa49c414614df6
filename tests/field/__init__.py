"""What the field does to an agent: links that fail in every way, and days with everything in them, on both runtimes."""
