"""The whole company on one machine: prepares the sites of company.toml once and lets the product's own agent run them."""
