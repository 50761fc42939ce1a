"""The console part of the OpenStack Compute API, in Nova's shapes."""
