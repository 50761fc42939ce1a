"""The interfaces that the use cases depend on; the composition root passes in the implementations."""
