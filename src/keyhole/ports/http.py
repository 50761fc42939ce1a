"""The contract between the HTTP server and the application."""

REQUEST_ARRIVED = "keyhole.request_arrived"
"""The key in a request's ASGI scope for a function that says whether all of its body has arrived."""
