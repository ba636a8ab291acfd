"""What every chat platform needs to show an answer while it is written."""
