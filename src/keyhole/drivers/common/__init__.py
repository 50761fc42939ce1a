"""What several drivers share: log files, password files, probes."""
