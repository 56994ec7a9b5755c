"""Work for several processes, one thread each."""
