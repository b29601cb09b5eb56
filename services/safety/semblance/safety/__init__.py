"""The likeness filter: prompts before anything is made, pixels before anybody sees them."""
