"""HTTP as far as the gateway reads and writes it itself: request heads, CONNECT, cookies."""
