"""What a trade costs: commissions and every fee passed through, from dated tables."""
