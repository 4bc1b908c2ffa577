"""Month income, expense and operating profit, branch beside branch, and the bridge from income to profit."""
