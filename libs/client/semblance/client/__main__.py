"""`python -m semblance.client` is the `semblance` command."""

from semblance.client.command.app import main

if __name__ == "__main__":
    main()
