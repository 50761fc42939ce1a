"""Hypervisor drivers: one entry point in the group `keyhole.drivers` each, all held to tests/contract/test_drivers.py."""
