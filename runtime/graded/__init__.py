"""Int8 networks as graded events: model, image, engine, reference (docs/reference/graded.md)."""
