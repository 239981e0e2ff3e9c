"""The SNS topics of a city: one for each office that hears of cases.

CloudFormation has no loop over a city profile, so the template is rendered from it::

    python -m infra.topics denpasar > topics.json

It takes the key from the data stack's export and is deployed after it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Any

from chalicelib import cities
from chalicelib.domain.city import City

PREFIX = "${App}-${City}-${Stage}-"
"""What all names of a stack begin with, in the words of Fn::Sub."""


def topic_name(prefix: str, office_id: str) -> str:
    """Name (or, after an ARN prefix, the ARN) of an office's topic.

    ``prefix`` is ``<app>-<city>-<stage>-`` or that with ``arn:aws:sns:<region>:<account>:`` before it. Villages and
    districts are offices whose id is their area code; SNS allows no dot in a name, so it becomes a hyphen.
    """
    return f"{prefix}office-{office_id.replace('.', '-')}"


def template(city: City) -> dict[str, Any]:
    """CloudFormation template with one encrypted topic for each office that answers to this city.

    Offices outside the city get none: cases are referred to them, and nobody there subscribes here.
    Raises ValueError where two offices would share a topic.
    """
    resources: dict[str, Mapping[str, Any]] = {}
    for office in sorted(city.offices.values(), key=lambda office: office.id):
        if office.outside:
            continue
        logical_id = "Office" + "".join(part.capitalize() for part in re.findall(r"[A-Za-z0-9]+", office.id))
        if logical_id in resources:
            raise ValueError(f"{city.id}: office {office.id} has the same topic as another; change its id")
        resources[logical_id] = {
            "Type": "AWS::SNS::Topic",
            "Properties": {
                "TopicName": {"Fn::Sub": topic_name(PREFIX, office.id)},
                # SNS sets it before each SMS of the topic, so it is short, and notices.topic_room counts it.
                "DisplayName": city.code_prefix,
                "KmsMasterKeyId": {"Fn::ImportValue": {"Fn::Sub": f"{PREFIX}data-key-arn"}},
            },
        }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"PRO Denpasar Plus: one topic per office of {city.name}. Rendered by infra.topics.",
        "Parameters": {
            "App": {"Type": "String", "Default": "pro"},
            "City": {"Type": "String", "Default": city.id},
            "Stage": {"Type": "String"},
        },
        "Resources": resources,
        "Outputs": {
            "TopicArnPrefix": {
                "Description": "Goes to TOPIC_ARN_PREFIX; an office's topic is this and office-<id>.",
                "Value": {"Fn::Sub": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:" + PREFIX},
            }
        },
    }


def main(arguments: list[str]) -> int:
    """Print the template of the city named on the command line."""
    if len(arguments) != 1:
        print("pakai / usage: python -m infra.topics CITY > topics.json", file=sys.stderr)
        return 2
    try:
        city = cities.load(arguments[0])
    except cities.BadProfile as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(template(city), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
