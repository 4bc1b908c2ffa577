"""The branch's end of replication: the sender pushes from the cursor that headquarters returns."""
