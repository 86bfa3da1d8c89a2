"""`smscontract init`: a configuration to fill in, and an example of resources. What is there already stays."""

from __future__ import annotations

from pathlib import Path

import click

from smscontract.config import NAME
from smscontract.data import shipped_contracts
from smscontract.documents import nearest_hint
from smscontract.errors import UnusableInput, UsageError

__all__ = ["command"]

_RESOURCES = "resources.yaml"


@click.command("init")
@click.argument("provider", required=False)
def command(provider: str | None) -> int:
    """Writes smscontract.toml and resources.yaml here, with a comment for every key. PROVIDER is the one to probe."""
    known = list(shipped_contracts())
    name = provider or known[0]
    if name not in known:
        raise UsageError(f"there is no provider `{name}`", hint=nearest_hint(name, known))
    files = {NAME: _configuration(name), _RESOURCES: _resources(name)}
    there = [file for file in files if Path(file).exists()]
    if there:
        raise UsageError(f"`{there[0]}` is there already", hint="nothing was written; move it away, or add to it by hand")
    for file, text in files.items():
        try:
            with Path(file).open("x", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            raise UnusableInput(f"cannot be written: {error.strerror}", file=file, hint="go to a folder of yours") from None
        click.echo(f"wrote {file}")
    click.echo("next: fill in `url`, export the key, and run `smscontract doctor staging`")
    return 0


def _configuration(provider: str) -> str:
    variable = f"{provider.upper()}_KEY"
    return f"""\
# What smscontract probes, and how. `smscontract doctor staging` looks whether it works; `smscontract gate staging` runs it.

[targets.staging]
provider = "{provider}"                    # or the path of a contract
url = "https://staging.example.test"  # this line allows its host to be probed
token = "${{{variable}}}"                # from a variable, or: token = {{command = "pass show staging"}}
resources = "{_RESOURCES}"          # what exists there; lists can be made by a command, see there

# What a run may cost and do.
rate-limit = "60/m"                   # or "auto": as the answers say
max-requests = 300                    # for each operation
max-time = "10m"                      # for the whole run
max-sends = 20                        # texts at most, now and later
# no-effects = true                   # send only what texts nobody and makes nothing
# drafts-are-safe = true              # every draft in the resources may be sent, whoever gets it
journal = "staging.journal"           # what a run that was killed is finished from: gate staging --resume staging.journal

# What counts.
# fail-on = "should"                  # must (default), should, new
# levels = {{"{provider}." = "should"}}     # clauses that are no more than a warning here
# select = ["{provider}."]
# ignore = []
# baseline = "staging.baseline"

# How it is reached.
# ca = "ca.pem"                       # authorities to trust instead of the system's
# client-cert = "client.pem"
# client-key = "client.key"
# verify = true
# proxy = "http://proxy.example.test:3128"
# headers = {{x-team = "messaging"}}

# Resources can stand here instead of in a file, and a command can make them; {{n}} is how many a plan needs:
# [targets.staging.resources.sms_id]
# draft = {{command = "make-drafts --count {{n}}"}}
# inbound = ["sms_90"]
# missing = {{file = "missing.txt"}}
"""


def _resources(provider: str) -> str:
    from smscontract.documents import read_contract

    lines = ["# What exists on the target, by parameter and label. The state of a thing is its label up to the first dash."]
    seen: set[str] = set()
    for operation in read_contract(provider).operations:
        for parameter, states in operation.states.items():
            lines.append(f"{parameter}:")
            for label, (codes, _) in states.items():
                lines.append(f"  {label}: []  # is answered with {' or '.join(codes)}")
            spent = next((label for label, (codes, _) in states.items() if codes[0].startswith("2")), None)
            if spent is not None and operation.effect.get("texts") == "now":
                number = "+14155550123"
                lines += [
                    f'  # {spent}: [{{id: ID, to_number: "{number}"}}]  # is sent if its number is reserved, else with',
                    "  # drafts-are-safe only",
                ]
            seen.add(parameter)
        for rule in operation.rules:
            for place, expected in rule.requires:
                if isinstance(expected, dict) and "in" in expected and place.last not in seen:
                    label = str(expected["in"]).split(".")[2]
                    lines.append(f"{place.last}: {{{label}: [], foreign: []}}  # {rule.says}")
                    seen.add(place.last)
        body = operation.body.node.properties if operation.body is not None else {}
        lines += [
            f"{name}: {{any: []}}  # numbers that may be used; without any, reserved ones are"
            for name, node in body.items()
            if node.mask == "phone" and name not in seen
        ]
    return "\n".join(lines) + "\n"
