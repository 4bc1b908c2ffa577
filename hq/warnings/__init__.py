"""Early warnings: what an executive should know of, from when it is first seen until it is over or somebody has it in hand."""
