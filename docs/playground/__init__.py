"""The playground: a static site in which this engine runs in the browser."""
