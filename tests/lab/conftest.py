"""wcced on a member of the lab's domain. Uses the domain that is up (`lab.py run`), or starts one.

Needs root. `pytest -s tests/lab` shows what was measured.
"""

import pathlib
import sys

import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "foreign"))

import lab  # noqa: E402
from member import TEMPLATES, Member, templates  # noqa: E402
from tallied import tally  # noqa: E402, F401


@pytest.fixture(scope="session")
def member(tmp_path_factory):
    started = lab.holder["ca"].pid() is None
    if started:
        lab.up()
    try:
        member = Member(tmp_path_factory.mktemp("member"))
        member.command("install-default-templates")
        (member.folder / "templates.toml").write_text(templates())
        member.command("template", "add", member.folder / "templates.toml")
        member.start()
        member.command("publish")
        member.command("template", "enable", "User", "Machine", "WebServer",
                       *(name for name, _ in TEMPLATES))
        for user in ("alice", "bob", "dave", "carol", "agent"):
            member.cache(user, f"Passw0rd-{user.capitalize()}")
        member.wait(lambda: "enabled=9" in member.log_text(), 10, "no template is enabled")
        yield member
        code = member.stop()
        assert "panicked" not in member.log_text()
        assert code == 0
    finally:
        if started:
            lab.down()
