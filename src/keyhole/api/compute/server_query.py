"""The query arguments of GET /servers, as a table."""

import re

from keyhole.api.compute.query import Argument, QueryRules
from keyhole.api.compute.schema import Format, Schema, one_of
from keyhole.api.compute.versions import Microversion

CLOSED_FROM = Microversion(2, 75)
TAGS = Microversion(2, 26)
CHANGES_BEFORE = Microversion(2, 66)
LOCKED = Microversion(2, 73)

TEXT = Schema(("string",))
REGEX = Schema(("string",), form=Format.REGEX)
TIME = Schema(("string",), form=Format.TIME)
COUNT = Schema(("string",), pattern=re.compile("^[0-9]*$"), min_length=1)

JOINED = (
    "block_device_mapping",
    "services",
    "metadata",
    "system_metadata",
    "info_cache",
    "security_groups",
    "pci_devices",
)
"""Arguments that are accepted but cannot be used as filters."""

_TEXTS = """
user_id project_id tenant_id launch_index image_ref image vm_state task_state host uuid sort_dir all_tenants
soft_deleted deleted status
"""
_REGEXES = """
kernel_id ramdisk_id hostname key_name power_state node flavor reservation_id launched_at terminated_at
availability_zone name display_name description display_description locked_by root_device_name config_drive
access_ip_v4 access_ip_v6 auto_disk_config progress ip ip6 created_at
"""

_SORT_KEYS = """
access_ip_v4 access_ip_v6 auto_disk_config availability_zone config_drive created_at display_description
display_name host hostname image_ref instance_type_id kernel_id key_name launch_index launched_at locked_by
node power_state progress project_id ramdisk_id root_device_name task_state terminated_at updated_at user_id
uuid vm_state
"""
_OLD_SORT_KEYS = """
architecture cell_name cleaned default_ephemeral_device default_swap_device deleted deleted_at
disable_terminate ephemeral_gb ephemeral_key_uuid id key_data launched_on locked memory_mb os_type
reservation_id root_gb shutdown_terminate user_data vcpus vm_mode
"""

SERVER_QUERY = QueryRules(
    (
        *(Argument(name, TEXT) for name in _TEXTS.split()),
        *(Argument(name, REGEX) for name in _REGEXES.split()),
        Argument("sort_key", one_of(*_SORT_KEYS.split(), *_OLD_SORT_KEYS.split()), newest=Microversion(2, 74)),
        Argument("sort_key", one_of("locked", *_SORT_KEYS.split()), oldest=CLOSED_FROM),
        Argument("changes-since", TIME),
        *(Argument(name, TEXT) for name in JOINED),
        Argument("limit", COUNT),
        Argument("marker", TEXT),
        *(Argument(name, REGEX, oldest=TAGS) for name in ("tags", "tags-any", "not-tags", "not-tags-any")),
        Argument("changes-before", TIME, oldest=CHANGES_BEFORE),
        Argument("locked", TEXT, oldest=LOCKED),
    ),
    closed_from=CLOSED_FROM,
    private=True,
)
