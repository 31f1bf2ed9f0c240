"""Reports as JUnit XML, which CI systems show: a suite for each file, a case for each output."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from typing import Any

from matlab_compat.display import lines_of_their_own

from . import text


def junit(records: Iterable[Mapping[str, Any]]) -> str:
    """The XML, in ASCII with character references, so that no encoding can garble it.

    ``records`` are documents of :meth:`Report.to_json <matlab_compat.parity.report.Report.to_json>`
    with the key ``file``, or what came instead of one: ``file``, ``exit_code`` and ``summary``.
    """
    root = ET.Element("testsuites", name="matlab-compat verify")
    for record in records:
        _suite(root, lines_of_their_own(dict(record)))
    totals = {key: sum(int(suite.get(key, 0)) for suite in root) for key in _COUNTED}
    root.attrib |= {key: str(count) for key, count in totals.items()}
    ET.indent(root)
    xml: bytes = ET.tostring(root, encoding="us-ascii", xml_declaration=True)
    return xml.decode("ascii")


#: The counts that a suite carries, and the elements that count.
_COUNTED = {"tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error"}


def _suite(root: ET.Element, record: dict[str, Any]) -> None:
    suite = ET.SubElement(root, "testsuite", name=record["file"])
    if "summary" in record:
        case = ET.SubElement(suite, "testcase", classname=record["file"], name="verify")
        kind = f"exit code {record['exit_code']}"
        ET.SubElement(case, "error", type=kind, message=record["summary"])
    else:
        properties = ET.SubElement(suite, "properties")
        for name, value in {**record["environment"], "worth": record.get("worth", "full")}.items():
            ET.SubElement(properties, "property", name=name, value=value)
        found = _attached(record)
        for kind in ("activations", "outputs"):
            for compared in record[kind]:
                _case(suite, record["file"], kind, compared, found.get(compared["name"], []))
        if unseen := record.get("warnings"):
            said = "\n".join(map(text.warning, unseen))
            ET.SubElement(suite, "system-out").text = said
    for key, path in _COUNTED.items():
        suite.set(key, str(len(suite.findall(path))))


def _attached(record: Mapping[str, Any]) -> dict[str, list[str]]:
    """Diagnoses by the comparison they explain; of a layer not compared, the first failure."""
    compared = [*record["activations"], *record["outputs"]]
    names = [one["name"] for one in compared]
    first = next((one["name"] for one in compared if one["verdict"] == "different"), "")
    found: dict[str, list[str]] = {first: text.unexplained(record)}
    for diagnosis in record.get("diagnoses", []):
        where = diagnosis["where"]
        found.setdefault(where if where in names else first, []).append(text.diagnosis(diagnosis))
    return found


def _case(
    suite: ET.Element,
    file: str,
    kind: str,
    compared: Mapping[str, Any],
    diagnoses: Iterable[str],
) -> None:
    case = ET.SubElement(suite, "testcase", classname=f"{file}.{kind}", name=compared["name"])
    if compared["verdict"] == "equal":
        return
    failure = ET.SubElement(case, "failure", type="different", message=compared["reason"])
    failure.text = "\n".join([text.comparison(compared), *diagnoses])
