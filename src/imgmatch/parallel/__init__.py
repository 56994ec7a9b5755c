"""Worker processes that use one thread each."""
