"""Output formats, one module each: reports in, text out."""
