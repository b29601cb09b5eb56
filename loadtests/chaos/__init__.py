"""Breaks things during the load: processes, links, room on the disk, clocks. Only on a platform of its own."""
