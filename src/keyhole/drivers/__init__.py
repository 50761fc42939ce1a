"""Hypervisor drivers: each an entry point in `keyhole.drivers`, all tested by tests/contract/test_drivers.py."""
