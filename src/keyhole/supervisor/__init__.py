"""`keyhole serve`'s first process: keeps the port open and the workers running, and replaces workers without downtime.

It must stay small and keep running when everything else fails. So it imports only the standard library and a few
modules of plain values, never the settings, the service or their libraries. A worker tells it what it needs from the
settings.
"""
