"""Audit of the locks: known faults of what they pin, by pip-audit, and a bill of material for each, by cyclonedx-py.

`python locks/audit.py [LOCK...]` (`make audit`) asks the advisory service about every package of every lock, holds the findings against
`advisories.toml`, and writes `sbom/<lock>.cdx.json`. It ends with 1 for a finding that nobody has looked at, or whose time to be looked at again has
come. Where the service cannot be reached it says so and fails nothing: a build does not depend on somebody else's server; `--require` makes it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

LOCKS = Path(__file__).resolve().parent
ROOT = LOCKS.parent
BIN = ROOT / ".venv-delivery" / "bin"
SERVICE = "https://api.osv.dev/v1/query"
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^ ;\n\\]+)([^\n\\]*)", re.MULTILINE)
LONGEST_TIME = 366  # days for which a finding may be left alone before somebody looks again


@dataclass(frozen=True)
class Finding:
    """A known fault of a package that a lock pins; `names` are all by which it is known, `fixed` the releases that mend it."""

    package: str
    version: str
    names: tuple[str, ...]
    fixed: tuple[str, ...]


@dataclass(frozen=True)
class Triage:
    """What somebody decided about a fault: why it does not matter here, and until when that holds."""

    id: str
    package: str
    reason: str
    until: date


def locks() -> list[str]:
    """Names of all locks."""
    return sorted(path.stem for path in LOCKS.glob("*.lock"))


def triaged(path: Path) -> list[Triage]:
    """Entries of the file. Exits with a message where one lacks what it must say, or says it for too long."""
    entries = []
    for number, table in enumerate(tomllib.loads(path.read_text(encoding="utf-8")).get("advisory", ()), 1):
        missing = {"id", "package", "reason", "until"} ^ set(table)
        if missing or not isinstance(table["until"], date) or len(str(table["reason"]).split()) < 4:
            sys.exit(
                f"{path}: advisory {number} must have id, package, reason (a sentence) and until (a date), and no more"
            )
        if (table["until"] - date.today()).days > LONGEST_TIME:
            sys.exit(f"{path}: advisory {number}, {table['id']}: until {table['until']} is more than a year away")
        entries.append(Triage(**table))
    return entries


def unreached(service: str) -> str:
    """Why the advisory service does not answer; empty where it does. Its answer must be one, not that of a proxy."""
    known = {
        "package": {"name": "jinja2", "ecosystem": "PyPI"},
        "version": "2.4",
    }  # has faults that are known since 2014
    request = Request(service, json.dumps(known).encode(), {"Content-Type": "application/json"})  # noqa: S310
    try:
        with urlopen(request, timeout=20) as answer:  # noqa: S310  # an address that the command line gives
            told = json.loads(answer.read())
    except HTTPError as error:
        return f"it answers with status {error.code}"
    except (URLError, OSError, ValueError) as error:
        return str(getattr(error, "reason", "") or error) or type(error).__name__
    return "" if isinstance(told, dict) and told.get("vulns") else "it knows no fault of a release that has some"


def asked(lock: Path, service: str) -> list[dict[str, Any]]:
    """What pip-audit reports of each package of a lock. Raises `OSError` where it had no answer.

    Every pin is asked about, whatever machine it is for: markers are left out, and of a package with two pins each is asked about by itself.
    """
    left = sorted({(_normal(name), version) for name, version, _ in PIN.findall(lock.read_text(encoding="utf-8"))})
    told: list[dict[str, Any]] = []
    while left:
        now = dict(reversed(left))  # one version of each
        told += _reported(now.items(), service)
        left = [(name, version) for name, version in left if now[name] != version]
    return told


def _reported(pins: Iterable[tuple[str, str]], service: str) -> list[dict[str, Any]]:
    pins = list(pins)
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        listed.write_text("".join(f"{name}=={version.partition('+')[0]}\n" for name, version in pins))
        command = [str(BIN / "pip-audit"), "-r", str(listed), "--no-deps", "--disable-pip", "--progress-spinner", "off"]
        command += ["-s", "osv", "--osv-url", service, "-f", "json", "--cache-dir", folder]
        done = subprocess.run(command, capture_output=True, text=True)
    try:
        told = list(json.loads(done.stdout)["dependencies"])
    except (ValueError, KeyError):
        raise OSError(_last_line(done.stderr)) from None
    answered = {_normal(one["name"]) for one in told if "skip_reason" not in one}
    if silent := sorted({_normal(name) for name, _ in pins} - answered):
        raise OSError(f"no answer about {', '.join(silent[:5])}{' and others' if len(silent) > 5 else ''}")
    return told


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "pip-audit said nothing"


def findings_of(told: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Faults among what pip-audit reports, each once."""
    found = {
        Finding(
            one["name"],
            one["version"],
            (fault["id"], *sorted(fault.get("aliases", ()))),
            tuple(fault.get("fix_versions", ())),
        )
        for one in told
        for fault in one.get("vulns", ())
    }
    return sorted(found, key=lambda finding: (finding.package, finding.version, finding.names))


def open_findings(findings: Iterable[Finding], entries: Iterable[Triage], today: date) -> list[tuple[Finding, str]]:
    """Findings that nobody has looked at, or has to look at again, each with what is to be done."""
    entries = list(entries)
    left = []
    for finding in findings:
        fitting = [one for one in entries if one.id in finding.names and one.package.lower() == finding.package.lower()]
        fixed = f"mended in {', '.join(finding.fixed)}" if finding.fixed else "no release mends it yet"
        if not fitting:
            left.append((finding, f"{fixed}: upgrade it, or say in advisories.toml why it does not matter"))
        elif all(one.until < today for one in fitting):
            left.append((finding, f"{fixed}: was to be looked at again by {max(one.until for one in fitting)}"))
    return left


def write_bill(lock: Path, folder: Path) -> Path:
    """Write the bill of material of a lock, valid by the schema of CycloneDX. The same lock gives the same file."""
    target = folder / f"{lock.stem}.cdx.json"
    command = [
        str(BIN / "cyclonedx-py"),
        "requirements",
        "--output-reproducible",
        "--of",
        "JSON",
        "-o",
        str(target),
        str(lock),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"no bill of material of {lock.name}: {_last_line(done.stderr)}")
    return target


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("locks", nargs="*", choices=[*locks(), []], metavar="LOCK", help=", ".join(locks()))
    parser.add_argument("--service", default=os.environ.get("OSV_URL", SERVICE), help="address of an API of OSV's form")
    parser.add_argument(
        "--triage", type=Path, default=LOCKS / "advisories.toml", help="file of findings that were looked at"
    )
    parser.add_argument("--sbom", type=Path, default=ROOT / "sbom", help="folder of the bills of material")
    parser.add_argument("--require", action="store_true", help="fail where the advisory service cannot be reached")
    arguments = parser.parse_args()
    chosen = [LOCKS / f"{name}.lock" for name in arguments.locks or locks()]
    entries = triaged(arguments.triage)
    arguments.sbom.mkdir(parents=True, exist_ok=True)
    for lock in chosen:
        write_bill(lock, arguments.sbom)
    print(f"bills of material of {len(chosen)} locks: {arguments.sbom}")
    if reason := unreached(arguments.service):
        return _not_audited(arguments.service, reason, arguments.require)
    failed, seen = False, set()
    for lock in chosen:
        try:
            findings = findings_of(asked(lock, arguments.service))
        except OSError as error:
            return _not_audited(arguments.service, f"{lock.name}: {error}", arguments.require) or int(failed)
        left = open_findings(findings, entries, date.today())
        failed = failed or bool(left)
        seen |= {name for finding in findings for name in finding.names}
        print(f"{lock.name}: {len(findings)} known faults, {len(left)} of them open")
        for finding, advice in left:
            print(f"  {finding.package} {finding.version}: {' '.join(finding.names)}: {advice}")
    for entry in entries:
        if not arguments.locks and entry.id not in seen:
            print(f"advisories.toml: {entry.id} of {entry.package} is found no more: take it out")
    return int(failed)


def _not_audited(service: str, reason: str, required: bool) -> int:
    print(f"NOT AUDITED: the advisory service at {service} cannot be reached: {reason}", file=sys.stderr)
    return int(required)


if __name__ == "__main__":
    sys.exit(main())
