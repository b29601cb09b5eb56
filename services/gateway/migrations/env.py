"""Run the migrations on the connection that the service kit opened."""

from semblance.service_kit.migrations import run_env

run_env()
