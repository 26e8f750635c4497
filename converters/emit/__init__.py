"""Writers of C for firmware."""
