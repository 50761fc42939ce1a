"""What the HTTP server and the application agree upon."""

REQUEST_ARRIVED = "keyhole.request_arrived"
"""Where an HTTP server leaves in a request's ASGI scope a function that says whether all of its body has arrived."""
