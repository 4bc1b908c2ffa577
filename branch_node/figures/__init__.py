"""The ten figures of this branch for itself, in the shape of headquarters' figures, from the branch's own rows."""
