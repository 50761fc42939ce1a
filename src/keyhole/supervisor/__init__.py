"""`keyhole serve`'s first process: keeps the port open and the workers running, and changes them unnoticed.

It must stay small, and up when everything else fails: it imports the standard library and a few modules of plain
values, never the settings, the service or their libraries. What it needs to know of the settings a worker tells it.
"""
