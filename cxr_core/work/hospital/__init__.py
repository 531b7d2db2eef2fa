"""The hospital's network: who may send, what is received and fetched, and which answers go back."""
