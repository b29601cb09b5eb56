"""What every service is made of: settings, telemetry, database, consumers, work, gRPC, HTTP and the process itself."""
