"""TensorFlow Lite files: read, quantised where they are float, lowered to graded models."""
