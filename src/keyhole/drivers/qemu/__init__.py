"""The driver for QEMU processes, found by their QMP sockets."""
