"""Sources of quotes, behind the `Feed` port."""
