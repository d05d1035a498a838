"""Who may trade, how much, and every reason why not."""
