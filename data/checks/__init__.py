"""The numbered checks of a history: the questions, the frames they are asked of, and the run."""
