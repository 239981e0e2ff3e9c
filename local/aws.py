"""The AWS services that keep no city data, played by moto: SNS, SQS, KMS, SSM. Runs as a process of its own.

moto forgets everything when it ends. What must outlive it is written to a state file before the caller hears of
it, and put back at the next start: the account's number, KMS keys with their material and aliases, SecureStrings.
Else a restart would make what was encrypted unreadable. Topics and queues are made again by ``local.apply``.

Beside AWS's own calls the port answers ``GET /_local/messages?since=N``: what phones and mailboxes would receive, and
``POST /_local/clock?ahead=SECONDS``: how far the local stack's clock is moved, so that messages bear its time.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs

from local.engines import REGION

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]

KEPT_MESSAGES = 20_000
"""How many messages survive a restart; older ones are dropped when it happens."""


class State:
    """The file of what must not change. Written whole, then renamed: never half of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        if path.exists():
            stored = json.loads(path.read_text(encoding="utf-8"))
        else:
            # A number of its own per folder, so that ARNs of two folders are never mistaken for each other.
            stored = {"account_id": "9" + "".join(secrets.choice("0123456789") for _ in range(11))}
        self.account_id: str = stored["account_id"]
        self.keys: dict[str, dict[str, str]] = stored.get("keys", {})
        self.aliases: dict[str, str] = stored.get("aliases", {})
        self.secure_strings: dict[str, str] = stored.get("secure_strings", {})
        self.save()

    def save(self) -> None:
        with self._lock:
            scratch = self._path.with_suffix(".new")
            with os.fdopen(os.open(scratch, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
                json.dump(
                    {
                        "account_id": self.account_id,
                        "keys": self.keys,
                        "aliases": self.aliases,
                        "secure_strings": self.secure_strings,
                    },
                    file,
                    indent=1,
                )
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(self._path)


class Messages:
    """What was sent, in order: one entry per message that a phone or a mailbox would have received."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self.ahead = timedelta()
        self._entries: list[dict[str, Any]] = []
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines()[-KEPT_MESSAGES:]:
                try:
                    self._entries.append(json.loads(line))
                except ValueError:  # the last line of a killed instance
                    continue
            scratch = path.with_suffix(".new")
            scratch.write_text("".join(json.dumps(e) + "\n" for e in self._entries), encoding="utf-8")
            scratch.replace(path)
        self._next = self._entries[-1]["index"] + 1 if self._entries else 0
        self._file = path.open("a", encoding="utf-8")

    def add(self, **entry: Any) -> None:
        with self._lock:
            at = datetime.now(UTC) + self.ahead
            entry = {"index": self._next, "at": at.isoformat(timespec="milliseconds"), **entry}
            self._next += 1
            self._entries.append(entry)
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def since(self, index: int, limit: int) -> dict[str, Any]:
        """Up to ``limit`` entries from ``index`` on, and the index to ask for next."""
        with self._lock:
            first = self._entries[0]["index"] if self._entries else self._next
            start = max(index - first, 0)
            found = self._entries[start : start + limit]
            return {"messages": found, "next": found[-1]["index"] + 1 if found else self._next}


def remember_keys(state: State, region: str) -> None:
    """Put the stored keys and secrets into moto's backends, and store each new one before it is answered."""
    from moto.kms.models import Key, KmsBackend, kms_backends
    from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends

    kms: KmsBackend = kms_backends[state.account_id][region]
    for key_id, stored in state.keys.items():
        key = Key(  # type: ignore[abstract]  # moto leaves methods of its own abstract
            None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", stored["description"], state.account_id, region
        )
        key.id = key_id
        key.arn = f"{key.arn.rpartition('/')[0]}/{key_id}"
        key.key_material = base64.b64decode(stored["material"])
        key.key_rotation_status = True
        kms.keys[key_id] = key
    for alias, key_id in state.aliases.items():
        kms.create_alias(key_id, alias)
    ssm: SimpleSystemManagerBackend = ssm_backends[state.account_id][region]
    for name, value in state.secure_strings.items():
        _put_secure_string(ssm, name, value)

    create_key, create_alias, put_parameter = (
        KmsBackend.create_key,
        KmsBackend.create_alias,
        SimpleSystemManagerBackend.put_parameter,
    )

    def create_and_keep_key(self: KmsBackend, *args: Any, **kwargs: Any) -> Key:
        key = create_key(self, *args, **kwargs)
        if key.key_spec == "SYMMETRIC_DEFAULT":
            material = base64.b64encode(key.key_material).decode()
            state.keys[key.id] = {"description": key.description, "material": material}
            state.save()
        return key

    def create_and_keep_alias(self: KmsBackend, target_key_id: str, alias_name: str) -> Any:
        alias = create_alias(self, target_key_id, alias_name)
        state.aliases[alias_name] = alias.target_key_id
        state.save()
        return alias

    def put_and_keep_parameter(self: SimpleSystemManagerBackend, *args: Any, **kwargs: Any) -> Any:
        answer = put_parameter(self, *args, **kwargs)
        given = {
            **dict(zip(("name", "description", "value", "parameter_type"), args, strict=False)),
            **kwargs,
        }
        if given["parameter_type"] == "SecureString":
            state.secure_strings[given["name"]] = given["value"]
            state.save()
        return answer

    KmsBackend.create_key = create_and_keep_key  # type: ignore[method-assign]  # moto offers no hook
    KmsBackend.create_alias = create_and_keep_alias  # type: ignore[method-assign]
    SimpleSystemManagerBackend.put_parameter = put_and_keep_parameter  # type: ignore[method-assign]


def make_secret(state: State, region: str, name: str) -> None:
    """What an operator does once in AWS: 32 random bytes, base64, as a SecureString."""
    from moto.ssm.models import ssm_backends

    value = base64.b64encode(secrets.token_bytes(32)).decode()
    _put_secure_string(ssm_backends[state.account_id][region], name, value)


def _put_secure_string(ssm: Any, name: str, value: str) -> None:
    ssm.put_parameter(
        name=name,
        description="",
        value=value,
        parameter_type="SecureString",
        allowed_pattern="",
        keyid="alias/aws/ssm",
        overwrite=True,
        tags=[],
        data_type="text",
        tier=None,
        policies=None,
    )


def watch_messages(messages: Messages) -> None:
    """Note every SMS and e-mail that SNS would deliver."""
    from moto.sns.exceptions import InvalidParameterValue
    from moto.sns.models import SNSBackend, Subscription, Topic

    publish, deliver = SNSBackend.publish, Subscription.publish

    def publish_and_note(
        self: SNSBackend,
        message: str,
        arn: str | None,
        phone_number: str | None = None,
        subject: str | None = None,
        message_attributes: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        if more.get("message_structure") == "json" and not phone_number:
            _require_default(message, InvalidParameterValue)
        attributes = cast("dict[str, Any] | None", message_attributes)
        message_id = publish(self, message, arn, phone_number, subject, attributes, **more)
        if phone_number:
            messages.add(
                message_id=message_id,
                channel="sms",
                to=phone_number,
                text=message,
                subject=None,
                topic=None,
                attributes=_plain(message_attributes),
            )
        return message_id

    def publish_to_all(
        self: Topic,
        message: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> str:
        # moto's own stops at the first page of 100 subscriptions, and keeps every raw message for ever.
        from moto.moto_api._internal import mock_random

        message_id = str(mock_random.uuid4())
        for subscription in self.sns_backend._get_topic_subscriptions(self):
            subscription.publish(
                message,
                message_id,
                subject=subject,
                message_attributes=message_attributes,
                group_id=group_id,
                deduplication_id=deduplication_id,
                message_structure=message_structure,
            )
        return message_id

    def deliver_and_note(
        self: Subscription,
        message: str,
        message_id: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        group_id: str | None = None,
        deduplication_id: str | None = None,
        message_structure: str | None = None,
    ) -> None:
        if self.protocol not in ("sms", "email", "email-json"):
            deliver(
                self,
                message,
                message_id,
                subject,
                message_attributes,
                group_id,
                deduplication_id,
                message_structure,
            )
            return
        filters = self._filter_policy_matcher
        pending = str(self.attributes.get("PendingConfirmation", False)).lower() == "true"
        if pending or (filters is not None and not filters.matches(message_attributes, message)):
            return
        messages.add(
            message_id=message_id,
            channel="sms" if self.protocol == "sms" else "email",
            to=self.endpoint,
            text=self._parse_message_structure(message, self.protocol)
            if message_structure == "json"
            else message,
            subject=subject,
            topic=self.topic.name,
            attributes=_plain(message_attributes),
        )

    SNSBackend.publish = publish_and_note  # type: ignore[method-assign, assignment]
    Topic.publish = publish_to_all  # type: ignore[method-assign]
    Subscription.publish = deliver_and_note  # type: ignore[method-assign]


def _require_default(message: str, error: type[Exception]) -> None:
    """AWS refuses MessageStructure=json without `default`, whoever subscribes; moto only if somebody needs it."""
    try:
        complete = isinstance(json.loads(message).get("default"), str)
    except (ValueError, AttributeError):
        complete = False
    if not complete:
        raise error("Invalid parameter: Message Structure - No default entry in JSON message body")


def _plain(attributes: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: str(value.get("Value", "")) for name, value in (attributes or {}).items()}


class Door:
    """WSGI in front of moto: our own few addresses, and the one region and account there are."""

    def __init__(self, moto: Callable[[Environ, StartResponse], Iterable[bytes]], messages: Messages) -> None:
        self._moto = moto
        self._messages = messages
        # moto's backends are plain dictionaries: a list comprehension in one thread breaks on a change by another.
        self._one_at_a_time = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith("/_local/"):
            with self._one_at_a_time:
                return self._moto(environ, start_response)
        if path == "/_local/ready":
            return _json(start_response, 200, {"ready": True})
        if path == "/_local/messages":
            query = parse_qs(environ.get("QUERY_STRING", ""))
            try:
                index, limit = int(query.get("since", ["0"])[0]), int(query.get("limit", ["1000"])[0])
            except ValueError:
                return _json(start_response, 400, {"message": "since and limit are whole numbers"})
            return _json(start_response, 200, self._messages.since(max(index, 0), min(max(limit, 1), 5000)))
        if path == "/_local/clock" and environ.get("REQUEST_METHOD") == "POST":
            ahead = parse_qs(environ.get("QUERY_STRING", "")).get("ahead", [""])[0]
            try:
                self._messages.ahead = timedelta(seconds=float(ahead))
            except (ValueError, OverflowError):
                return _json(start_response, 400, {"message": "ahead is a number of seconds"})
            return _json(start_response, 200, {"ahead": ahead})
        return _json(start_response, 404, {"message": "Not Found"})


def _json(start_response: StartResponse, status: int, answer: object) -> Iterable[bytes]:
    body = json.dumps(answer).encode()
    reason = {200: "OK", 400: "Bad Request", 404: "Not Found"}[status]
    start_response(
        f"{status} {reason}", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    )
    return [body]


def serve(port: int, state_file: Path, messages_file: Path, server_key: str) -> None:
    """Serve until SIGTERM."""
    state = State(state_file)
    os.environ["MOTO_ACCOUNT_ID"] = state.account_id  # read when moto is imported
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    class Handler(MotoRequestHandler):
        # Headers and body in one packet: two of them wait 40 ms for each other (Nagle, delayed ACK).
        disable_nagle_algorithm = True
        wbufsize = -1
        protocol_version = "HTTP/1.1"

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """One line per request helps nobody."""

    messages = Messages(messages_file)
    remember_keys(state, REGION)
    if server_key not in state.secure_strings:
        make_secret(state, REGION, server_key)
    watch_messages(messages)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    moto = DomainDispatcherApplication(create_backend_app)
    make_server(
        "127.0.0.1", port, Door(moto, messages), threaded=True, request_handler=Handler
    ).serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="moto, with what must not change put back")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--messages", type=Path, required=True)
    parser.add_argument("--server-key", required=True, help="name of the SecureString to make")
    given = parser.parse_args()
    serve(given.port, given.state, given.messages, given.server_key)


if __name__ == "__main__":
    main()
