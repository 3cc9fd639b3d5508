"""A laboratory for reading long texts in few cells: tasks, trials, figures."""
