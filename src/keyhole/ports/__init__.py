"""What the use cases depend on, and nothing about how it is done; the composition root hands in the implementations."""
