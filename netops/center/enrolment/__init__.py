"""How nodes become known here, change their keys, and are shut out."""
