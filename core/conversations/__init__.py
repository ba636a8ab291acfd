"""One turn, on one screen: service; and what it is made of."""
