from semblance.service_kit.migrations import run_env

run_env()
