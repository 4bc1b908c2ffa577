"""The ten figures for this branch itself, computed from its own rows by the definitions that headquarters uses."""
