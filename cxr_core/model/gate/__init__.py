"""When the model must not answer: a gate that fails closed."""
