"""The people of a load test: drawn once into a cache, settled on a platform before each run, erased after it."""
