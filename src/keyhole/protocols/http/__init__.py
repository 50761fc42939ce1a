"""The parts of HTTP that the gateway itself reads and writes: request heads, CONNECT, cookies."""
