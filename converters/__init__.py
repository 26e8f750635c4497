"""Convert trained networks to integer models."""
