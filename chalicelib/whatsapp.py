"""WhatsApp by the Cloud API: template messages alone, for our notices come days after somebody wrote to us.

Configured as ``{"url": ".../<phone id>/messages", "token", "templates": {"citizen_resolved": ["aduan_selesai", "code",
"link"]}}``: by our template the approved one's name, and which facts fill its places in order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from chalicelib import roads
from chalicelib.domain.errors import Refused


def carries(template: str) -> bool:
    """Whether an approved template stands for one of ours."""
    return template in roads.configured(roads.WHATSAPP).get("templates", {})


def send(phone: str, template: str, language: str, facts: Mapping[str, str]) -> str:
    """Send one template message; returns WhatsApp's id. Raises Passing, and Refused."""
    road = roads.configured(roads.WHATSAPP)
    name, *places = road["templates"][template]
    parameters = [{"type": "text", "text": facts[place]} for place in places]
    message = {
        "messaging_product": "whatsapp",
        "to": phone.removeprefix("+"),
        "type": "template",
        "template": {
            "name": name,
            "language": {"code": language},
            "components": [{"type": "body", "parameters": parameters}],
        },
    }
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {road['token']}"}
    answer = roads.post(str(road["url"]), json.dumps(message).encode(), headers)
    try:
        return f"whatsapp {json.loads(answer)['messages'][0]['id']}"
    except (ValueError, KeyError, IndexError, TypeError):
        raise Refused("an answer that says nothing") from None
