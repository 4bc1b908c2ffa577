"""The one word on how everything is, for anybody in the company."""
