"""Copies the documentation's pictures from the last test run (`test-results/`).

The browser tests store them there, so the documentation shows what a real browser showed.
"""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULTS, SHOWN = ROOT / "test-results", ROOT / "docs" / "pictures"

_DASHBOARD = "test_at_the_table_its_dialogs_and_an_open_console"
_PANELS = "test_while_a_console_is_open_and_in_its_panels"

PICTURES = {
    "console.png": "test_what_a_newcomer_sees/console.png",
    "dashboard.png": f"{_DASHBOARD}-light/dashboard-light.png",
    "dashboard-dark.png": f"{_DASHBOARD}-dark/dashboard-dark.png",
    "dashboard-phone.png": "test_everything_fits_every_window-390x844/dashboard-390.png",
    "log.png": "test_the_log_is_searched_and_followed/log.png",
    "keys.png": f"{_PANELS}-dark/keys-dark.png",
    "paste.png": f"{_PANELS}-dark/paste-dark.png",
    "view-light.png": f"{_PANELS}-light/view-light.png",
    "phone.png": "test_every_button_fits_every_window-390x844/keys-390.png",
    "serial.png": "test_a_person_logs_in_and_runs_a_command/serial.png",
    "watching.png": "test_a_watcher_is_told_and_nothing_that_is_typed_or_pasted_reaches_the_guest/watching.png",
    "reconnecting.png": "test_a_service_that_is_restarted_is_waited_for/reconnecting.png",
    "ended.png": "test_once_it_has_ended-dark/ended-dark.png",
}


def main() -> int:
    missing = [seen for seen in PICTURES.values() if not (RESULTS / seen).exists()]
    if missing:
        print(f"Run the tests first; these are not in {RESULTS.name}/: {', '.join(missing)}", file=sys.stderr)
        return 1
    for shown, seen in PICTURES.items():
        shutil.copyfile(RESULTS / seen, SHOWN / shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
