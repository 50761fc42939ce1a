"""Hypervisor drivers: each an entry point in `keyhole.drivers`, all held to tests/contract/test_drivers.py."""
