"""The log lines of all nodes: searched, filtered, followed, taken away as a file."""
