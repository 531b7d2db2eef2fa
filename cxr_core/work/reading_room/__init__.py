"""What readers see and say: lists, cases, opinions as far as they may be shown, and reads."""
