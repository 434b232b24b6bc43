"""Time series: frequencies, gaps, forecasters and their answers."""
