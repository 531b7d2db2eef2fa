"""Synthetic chest X-rays of children who do not exist: for the demo, the tests and the bench."""
