"""One running instance of the whole service: engines, tables, the app, and what brings events to it."""

from __future__ import annotations

import importlib
import json
import os
import secrets
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from chalice.app import (
    Chalice,
    CloudWatchEventConfig,
    DynamoDBEventConfig,
    S3EventConfig,
    ScheduledEventConfig,
    ScheduleExpression,
)

from chalicelib import cities
from chalicelib.domain.city import City
from infra import topics
from local import apply as applying
from local import engines, fetch
from local.buckets import BucketEvents, write_notification
from local.clock import StackClock
from local.console import Trouble, say, step
from local.context import Context
from local.folder import DataFolder, engine_ports
from local.open311 import Ready
from local.schedule import Schedules
from local.server import Gateway, Server
from local.streams import StreamPump

PROJECT = Path(__file__).resolve().parent.parent
APP = "pro"
STAGE = "local"
JOB_SECONDS = 60.0
"""What Chalice gives a function that has no timeout of its own in .chalice/config.json."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chooses: PORT, DATA_DIR, CITY."""

    port: int
    data_dir: Path
    city: str

    @classmethod
    def from_env(cls, env: MutableMapping[str, str]) -> Choice:
        """Raises Trouble if PORT is no number."""
        port = env.get("PORT") or "8000"
        if not port.isdigit():
            raise Trouble(f"PORT={port} bukan nomor port.", f"PORT={port} is not a port number.")
        data_dir = Path(env.get("DATA_DIR") or PROJECT / ".local").expanduser()
        return cls(int(port), data_dir, env.get("CITY") or "denpasar")


class Instance:
    """``start`` brings everything up, ``watch`` returns when an engine ends, ``stop`` leaves nothing behind.

    While it runs, ``app`` is the Chalice app, ``server.pages`` takes pages of the local stack, ``schedules`` calls the
    timed jobs at once, ``clock`` is moved for all of it, and ``messages`` tells what was sent.
    """

    app: Chalice
    server: Server
    schedules: Schedules
    clock: StackClock
    open311: Ready
    accounts: list[str]
    """Accounts to sign in with at the city's identity provider: a line for each role."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.url = f"http://127.0.0.1:{choice.port}"
        self.folder = DataFolder(choice.data_dir)
        # Only the store that this instance starts knows it: no page in a browser can invent an event.
        self._bucket_hook = f"/local/bucket-events/{secrets.token_hex(16)}"
        self.outputs: dict[str, str] = {}
        self._engines: list[engines.Engine] = []
        self._streams: list[StreamPump] = []
        self._started: list[Callable[[], None]] = []

    def start(self) -> None:
        """Raises Trouble for whatever a person can mend; call ``stop`` all the same."""
        choice = self.choice
        city = _city(choice.city)
        ports = engine_ports(choice.port)
        self.folder.open(choice.port)
        self._started.append(self.folder.close)
        fetch.dynamodb_home()
        fetch.java()

        prefix = f"{APP}-{choice.city}-{STAGE}-"
        dynamodb = engines.DynamoDB(self.folder, ports.dynamodb)
        store = engines.ObjectStore(self.folder, ports)
        aws = engines.Aws(self.folder, ports.aws, f"/{APP}/{choice.city}/{STAGE}/server-key")
        write_notification(self.folder.path, self.url + self._bucket_hook)
        self._engines = [dynamodb, store, aws]
        self._started.append(self._stop_engines)
        # All at once, and this process reads its own code meanwhile.
        for engine in self._engines:
            engine.launch()
        names = "DynamoDB Local, SeaweedFS, moto"
        with step(f"Menyalakan {names}", f"starting {names}"):
            for engine in self._engines:
                engine.wait()

        with step(
            "Menyiapkan tabel, bucket, topik dari infra/", "preparing tables, bucket, topics from infra/"
        ):
            account_id: str = json.loads(self.folder.aws_state.read_text(encoding="utf-8"))["account_id"]
            clients = applying.clients(dynamodb=dynamodb.endpoint, s3=store.endpoint, aws=aws.endpoint)
            self.outputs = _make_infrastructure(city, clients, account_id)

        environment = {
            "STAGE": STAGE,
            "CITY": choice.city,
            "APP": APP,
            "TABLE_PREFIX": prefix,
            "TOPIC_ARN_PREFIX": self.outputs["TopicArnPrefix"],
            "KMS_KEY_ID": self.outputs["DataKeyId"],
            "SERVER_KEY_PARAMETER": self.outputs["ServerKeyParameter"],
            "OUTBOX_STREAM_ARN": self.outputs["OutboxStreamArn"],
            "PHOTO_BUCKET": self.outputs["PhotoBucket"],
            "BASE_URL": self.url,
            "OIDC_ISSUER": self.outputs["OidcIssuer"],
            "OIDC_CLIENT_ID": self.outputs["OidcClientId"],
            "OIDC_CONFIGURATION": f"{self.url}/local/pool/.well-known/openid-configuration",
            "USER_POOL_ID": self.outputs["UserPoolId"],
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB": dynamodb.endpoint,
            "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": dynamodb.endpoint,
            "AWS_ENDPOINT_URL_S3": store.endpoint,
            "POWERTOOLS_TRACE_DISABLED": "true",
        }
        with step("Memuat aplikasi", "loading the app"):
            _set_environment(os.environ, environment)
            self.app = _load_app()
        # What reads the app's settings when it is imported could not be imported before they were there.
        from local import open311, pages, pool, sample, web

        self.clock = StackClock(self.folder.path / "clock.json", self._stamp_messages)
        self._reconnect_people()
        # Before anything serves: what the sample sends must bear its own time, not the relay's.
        sample.offer(self.folder.path, city, self.clock)
        self.accounts = pool.lines(pool.prepare())
        city = open311.with_services(choice.city)
        cities.lend(choice.city, city)
        with step("Menyiapkan layanan uji Open311", "preparing Open311's test services"):
            self.open311 = open311.prepare(self.folder.path, city)
        self._connect(dynamodb.endpoint, account_id)
        pages.attach(self)
        pool.attach(self)
        web.attach(self.server.pages, store.endpoint)
        self._share(environment)

    def _connect(self, dynamodb: str, account_id: str) -> None:
        """Bring requests, stream records and the clock to the app's handlers."""
        gateway = Gateway(self.app, account_id=account_id)

        def handler(name: str) -> Callable[[dict[str, Any]], object]:
            function, called = f"{self.app.app_name}-{STAGE}-{name}", self.app.handler_map[name]

            def call(event: dict[str, Any]) -> object:
                context = Context(function, region=engines.REGION, account_id=account_id, seconds=JOB_SECONDS)
                return called(event, context)

            return call

        expressions: dict[str, str] = {}
        buckets = BucketEvents(account_id)
        for source in self.app.event_sources:
            if isinstance(source, DynamoDBEventConfig):
                pump = StreamPump(
                    dynamodb, source.stream_arn, handler(source.name), batch_size=source.batch_size
                )
                self._streams.append(pump)
            elif isinstance(source, ScheduledEventConfig):
                said = source.schedule_expression
                expressions[source.name] = said.to_string() if isinstance(said, ScheduleExpression) else said
            elif isinstance(source, S3EventConfig | CloudWatchEventConfig):
                buckets.add(source, handler(source.name))
            else:
                raise TypeError(f"{source.name}: the local stack brings no {type(source).__name__}")
        from chalicelib.settings import utc_now  # reads the settings that were made above

        self.schedules = Schedules(
            expressions, {name: handler(name) for name in expressions}, account_id=account_id, now=utc_now
        )
        try:
            self.server = Server(self.choice.port, gateway)
        except OSError as error:
            raise Trouble(
                f"Port {self.choice.port} tidak dapat dipakai: {error.strerror}.",
                f"Port {self.choice.port} cannot be used: {error.strerror}.",
            ) from error
        self.server.pages[self._bucket_hook] = buckets
        for pump in self._streams:
            pump.start()
            self._started.append(pump.stop)
        self.schedules.start()
        self._started.append(self.schedules.stop)
        threading.Thread(target=self.server.serve_forever, name="http", daemon=True).start()
        self._started.append(self._stop_server)

    def watch(self) -> None:
        """Sleep as long as all engines run. Raises Trouble when one ends by itself."""
        while True:
            for engine in self._engines:
                if not engine.running:
                    raise Trouble(
                        f"{engine.name} berhenti sendiri; lihat {self.folder.logs / engine.name}.log",
                        f"{engine.name} ended by itself; see {self.folder.logs / engine.name}.log",
                    )
            time.sleep(0.5)

    def _reconnect_people(self) -> None:
        """moto forgets topics that people made, and all subscriptions; the people table knows them."""
        from chalicelib.usecases import posts

        with step("Menyambungkan petugas ke topiknya", "joining officers to their topics"):
            posts.reconnect()

    def _share(self, environment: dict[str, str]) -> None:
        """Write down the settings for as long as this runs, so that `make posts` and `make demo` find the stack."""
        file = self.folder.path / "environment.json"
        shared = environment | {name: os.environ[name] for name in os.environ if name.startswith("AWS_")}
        shared["NO_PROXY"] = shared["no_proxy"] = os.environ["NO_PROXY"]
        with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as opened:
            json.dump(shared, opened, indent=1)
        self._started.append(lambda: file.unlink(missing_ok=True))

    def _stamp_messages(self, ahead: timedelta) -> None:
        address = f"{self._engines[-1].endpoint}/_local/clock?ahead={ahead.total_seconds()}"
        with _loopback().open(address, data=b"", timeout=10):
            pass

    def messages(self, since: int = 0) -> dict[str, Any]:
        """What phones and mailboxes received from index ``since`` on: ``{"messages": [...], "next": int}``.

        Each message has index, at (UTC), message_id, channel (``sms``, ``email``), to, text, subject, topic (name, or
        None for an SMS sent to a number) and attributes.
        """
        endpoint = self._engines[-1].endpoint
        with _loopback().open(f"{endpoint}/_local/messages?since={since}", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def stop(self) -> None:
        """End all that was started, the last first; the engines together."""
        while self._started:
            self._started.pop()()

    def _stop_engines(self) -> None:
        for engine in self._engines:
            engine.ask_to_stop()
        for engine in self._engines:
            engine.stop()

    def _stop_server(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def _loopback() -> urllib.request.OpenerDirector:
    """Without the proxy that the machine may have set."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _city(city_id: str) -> City:
    try:
        return cities.load(city_id)
    except cities.BadProfile as error:
        raise Trouble(
            f"Profil kota {city_id} tidak dapat dipakai; kesalahannya di bawah.",
            f"The city profile cannot be used: {error}",
        ) from error


def _make_infrastructure(city: City, clients: applying.Clients, account_id: str) -> dict[str, str]:
    parameters = {"App": APP, "City": city.id, "Stage": STAGE}
    exports: dict[str, str] = {}
    outputs: dict[str, str] = {}
    for template in (applying.read_template(PROJECT / "infra" / "data.yaml"), topics.template(city)):
        outputs |= applying.apply(template, parameters, clients, account_id=account_id, exports=exports)
    return outputs


def _set_environment(env: MutableMapping[str, str], values: dict[str, str]) -> None:
    """The app's settings, and nothing of the person's own AWS: a slip must not reach a real account."""
    for name in [name for name in env if name.startswith("AWS_")]:
        del env[name]
    env.update(values)
    env.update(
        AWS_DEFAULT_REGION=engines.REGION,
        AWS_REGION=engines.REGION,
        AWS_ACCESS_KEY_ID=engines.ACCESS_KEY,
        AWS_SECRET_ACCESS_KEY=engines.SECRET_KEY,
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
    )
    for name in ("NO_PROXY", "no_proxy"):
        env[name] = ",".join(filter(None, [env.get(name), "127.0.0.1,localhost"]))


def _load_app() -> Chalice:
    if str(PROJECT) not in sys.path:
        sys.path.append(str(PROJECT))
    app: Chalice = importlib.import_module("app").app
    # Lines of numbers are for CloudWatch, not for a person's terminal. Powertools' own switch still prints every
    # hundredth metric.
    observability = importlib.import_module("chalicelib.observability")
    observability.metrics.add_metric = lambda **_: None
    return app


def announce(instance: Instance) -> None:
    """Say where everything is."""
    say("Berjalan", "running")
    print(f"\n  {instance.url}", flush=True)
    print(
        f"  {instance.url}/local            masuk sebagai siapa saja, jam / sign in as anybody, clock",
        flush=True,
    )
    print(f"  {instance.url}/local/messages   semua SMS dan surel / every SMS and e-mail\n", flush=True)
    if instance.accounts:
        from local.pool import PASSWORD

        say(f"Akun kota, sandi {PASSWORD}", f"accounts of the city, password {PASSWORD}")
        print("\n" + "\n".join(instance.accounts) + "\n", flush=True)
        say(
            "Kaling dan lurah masuk dengan kode SMS dan PIN",
            "heads of hamlets and villages: a code by SMS and a PIN",
        )
    ready = instance.open311
    say("Open311 (docs/open311.md)", "with a key to try clients with")
    print(f"\n  {instance.url}/open311/v2/services.json")
    print(f"  api_key={ready.key}  lat={ready.lat} long={ready.long}\n", flush=True)
    say("Data di", f"data in {instance.folder.path}")
    say("Berhenti: Ctrl-C", "stop: Ctrl-C")
