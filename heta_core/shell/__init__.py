"""The command line: what can be asked, what it does, and an attribution as lines of text."""
