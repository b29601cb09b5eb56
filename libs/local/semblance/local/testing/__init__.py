"""For tests of the whole platform: people who use it, and a look at everything that it keeps."""
