"""Is what comes in still what the model knows: statistics, references and comparisons, as pure numbers."""
