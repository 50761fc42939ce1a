"""Keep pictures that the browser's tests made as the documentation's: test-results/ -> docs/pictures/.

`python tools/keep_pictures.py` after `make test`; so they show what the tests saw.
"""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PICTURES = ROOT / "test-results", ROOT / "docs" / "pictures"

KEPT = {
    "test_while_a_console_is_open_and_in_its_panels-dark/keys-dark.png": "keys.png",
    "test_while_a_console_is_open_and_in_its_panels-dark/paste-dark.png": "paste.png",
    "test_while_a_console_is_open_and_in_its_panels-light/view-light.png": "view-light.png",
    "test_once_it_has_ended-dark/ended-dark.png": "ended.png",
    "test_a_service_that_is_restarted_is_waited_for/reconnecting.png": "reconnecting.png",
    "test_a_person_logs_in_and_runs_a_command/serial.png": "serial.png",
    "test_every_button_fits_every_window-390x844/keys-390.png": "phone.png",
    "test_at_the_table_its_dialogs_and_an_open_console-light/dashboard-light.png": "dashboard.png",
    "test_at_the_table_its_dialogs_and_an_open_console-dark/dashboard-dark.png": "dashboard-dark.png",
    "test_everything_fits_every_window-390x844/dashboard-390.png": "dashboard-phone.png",
}


def main() -> None:
    for result, name in KEPT.items():
        shutil.copyfile(RESULTS / result, PICTURES / name)


if __name__ == "__main__":
    main()
