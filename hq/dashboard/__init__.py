"""The overview: how the company is doing, who needs attention, every branch side by side. Live."""
