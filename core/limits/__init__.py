"""How much, how often: pure rate functions and budgets."""
