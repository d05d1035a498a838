"""Pictures of every page of the panel, in light and dark, wide and narrow, for a person to look at; nothing is judged.

    .venv/bin/python scripts/panel_pictures.py FOLDER [--state DIR] [--only PAGES] [--live]

Without --state: over a day that is made in this process. With it: of the panel that runs there. Needs Chromium at
/usr/bin/chromium, or where CHROMIUM says.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Page, sync_playwright

from actors.config_panel import PanelSection
from actors.places import places
from supervisor.panel.running import link, port_of_running
from tests.supervisor.panel.chromium import FLAGS
from tests.supervisor.panel.conftest import Served
from tests.supervisor.panel.desk import Desk

PAGES = ("now", "orders", "tree", "risk", "alerts", "performance", "drills", "whatif", "stop")
WIDTHS = {"wide": (1280, 900), "phone": (390, 844)}


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--live", action="store_true", help="As mode live looks.")
    parser.add_argument("--only", default="", help="Pages, by comma.")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with _server(asked.state, is_live=asked.live) as (url, new_link, order), sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=list(FLAGS)
        )
        names = asked.only.split(",") if asked.only else [*PAGES, *([f"orders/{order}"] if order else [])]
        for scheme in ("light", "dark"):
            for width, (across, down) in WIDTHS.items():
                page = chromium.new_page(
                    viewport={"width": across, "height": down}, color_scheme=scheme, device_scale_factor=1
                )
                page.goto(new_link())
                page.get_by_role("button", name="Open").click()
                page.wait_for_url("**/now")
                for name in names:
                    _take(
                        page,
                        f"{url}/{name}",
                        asked.folder / f"{name.split('/')[0]}{'-one' if '/' in name else ''}-{width}-{scheme}.png",
                    )
                page.close()
        chromium.close()


def _take(page: Page, url: str, path: Path) -> None:
    page.goto(url)
    page.wait_for_timeout(900)
    page.screenshot(path=path, full_page=True)
    print(path)


@contextmanager
def _server(state: Path | None, *, is_live: bool) -> Iterator[tuple[str, Callable[[], str], str]]:
    """Yield its address, what makes a link, and the id of an order to look at."""
    if state is not None:
        where = places(state)
        port = port_of_running(where)
        assert port is not None, f"no panel runs in {state}: holdfast panel --state {state}"
        yield f"http://127.0.0.1:{port}", lambda: link(where, PanelSection(), port), ""
        return
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(places(Path(folder) / "state"), results=(1, 2, -1, 1, 1, -2, 1, 1))
        desk.configure(is_live=is_live)
        desk.alerts()
        desk.drills()
        desk.tables()
        served = Served(desk.where)
        yield served.url, served.serving.link, desk.held
        served.close()
        desk.close()


if __name__ == "__main__":
    main()
