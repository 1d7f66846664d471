# SPDX-FileCopyrightText: 2026 cac_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write config/sros2_policy.xml, the smallest permissions of the node: `python tools/write_policy.py`.

The names come from the table of topics and services in docs/node.md, which a test compares with the running node.
Another test compares the policy with it.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
POLICY = ROOT / "config" / "sros2_policy.xml"
NODE = "/cac_classifier"

LIFECYCLE = ("change_state", "get_available_states", "get_available_transitions", "get_state", "get_transition_graph")
PARAMETERS = (
    "describe_parameters", "get_parameter_types", "get_parameters", "list_parameters", "set_parameters",
    "set_parameters_atomically",
)  # fmt: skip
OF_EVERY_NODE = ("/parameter_events", "/rosout", f"{NODE}/transition_event")

# REUSE-IgnoreStart
HEADER = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- SPDX-FileCopyrightText: 2026 cac_ros contributors -->
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by tools/write_policy.py; docs/sros2.md says how to use it. -->
"""
# REUSE-IgnoreEnd


def documented() -> list[tuple[str, str]]:
    """Full name and type of every topic and service in docs/node.md."""
    text = (ROOT / "docs" / "node.md").read_text(encoding="utf-8")
    table = text.split("| Topic, service | Type | |\n|---|---|---|\n")[1].split("\n\n")[0]
    found = []
    for row in table.splitlines():
        names, kinds = (re.findall(r"`([^`]+)`", cell) for cell in row.split("|")[1:3])
        for name, kind in zip(names, kinds * len(names) if len(kinds) == 1 else kinds, strict=True):
            found.append((name.replace("~", NODE) if name.startswith("~") else f"/{name.lstrip('/')}", kind))
    return found


def permissions() -> dict[str, list[str]]:
    """Names by what the node may do with them: publish, subscribe, reply."""
    own = documented()
    services = {name for name, kind in own if (ROOT / "cac_msgs" / "srv" / f"{kind.split('/')[1]}.srv").is_file()}
    services |= {name for name, kind in own if kind.startswith("std_srvs/")}
    published = {name for name, _ in own if name.startswith(f"{NODE}/") or name == "/diagnostics"} - services
    return {
        "publish": sorted(published | set(OF_EVERY_NODE)),
        "subscribe": sorted({name for name, _ in own} - published - services | {"/clock"}),
        "reply": sorted(services | {f"{NODE}/{name}" for name in (*LIFECYCLE, *PARAMETERS, "get_type_description")}),
    }


def policy_text() -> str:
    """The policy as SROS 2 reads it."""
    lines = [
        '<policy version="0.2.0">', "  <enclaves>", f'    <enclave path="{NODE}">', "      <profiles>",
        f'        <profile ns="/" node="{NODE[1:]}">',
    ]  # fmt: skip
    for what, names in permissions().items():
        plural, one = ("services", "service") if what == "reply" else ("topics", "topic")
        lines.append(f'          <{plural} {what}="ALLOW">')
        lines += [f"            <{one}>{name}</{one}>" for name in names]
        lines.append(f"          </{plural}>")
    lines += ["        </profile>", "      </profiles>", "    </enclave>", "  </enclaves>", "</policy>"]
    return HEADER + "\n".join(lines) + "\n"


if __name__ == "__main__":
    POLICY.write_text(policy_text(), encoding="utf-8")
