"""How the contracts' derived files are made; developer machines and CI only."""
