"""What a run was, for people: verdict, page, plots, comparison."""
