"""The steps of a deploy, each of which looks what is there and does what is missing.

So the same command goes on where it stopped. What an operator can mend is told in two lines, Indonesian first, with
what to do; a stack trace is a fault of this program.
"""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import cities
from chalicelib.settings import MissingSettings, Settings
from infra import gateway, preflight, smoke, staging, state, topics, webfiles
from infra.package import LAYER, LAYERED, RUNNING
from infra.policies import narrow_files
from infra.stacks import Stacks, compact
from infra.target import GLOBAL, PROJECT, Aws, Choices, Halt, Target, chalice_config, explained
from local.apply import read_template

Said = tuple[str, str]
NOTHING: Said = ("tidak ada yang berubah", "nothing changed")
NOWHERE = "https://belum-diatur.invalid"
"""BASE_URL of a first deploy, until the address is known and the app is deployed once more with it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What an operator says on the command line."""

    api: str = ""
    new_address: bool = False
    phone: str = ""
    release: str = ""
    rotate: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    id: str
    name: Said
    run: Callable[[], Said]


class Deployment:
    """One run for one target. ``build`` makes the staging copy in ``folder``; ``reach`` stands for the gateway's own
    address where a rehearsal has it elsewhere."""

    def __init__(
        self,
        target: Target,
        chosen: Choices,
        aws: Aws,
        options: Options,
        *,
        folder: Path | None = None,
        build: Callable[[Path], object] | None = None,
        pause: float = 5.0,
        tell: Callable[[str], None] = print,
        reach: str = "",
    ) -> None:
        self.target, self.chosen, self.aws, self.options = target, chosen, aws, options
        self.folder = folder or PROJECT / "build" / "deploy" / f"{target.city}-{target.stage}"
        self.tell = tell
        self._build = build or staging.build
        self._pause = pause
        self._reach = reach
        self._config = chalice_config()
        self.handlers = tuple(self._config["lambda_functions"])
        self._etag = ""
        self._wanted = ""
        self._layer = ""
        self._touched = False

    @property
    def vault(self) -> state.Vault:
        return state.Vault(self.aws, self.target)

    @property
    def stacks(self) -> Stacks:
        return Stacks(self.aws, self.target, self.vault.upload, pause=self._pause)

    @property
    def api_stage(self) -> str:
        return str(
            self._config["stages"].get(self.target.stage, {}).get("api_gateway_stage", self.target.stage)
        )

    # Running --------------------------------------------------------------------------------------------------

    def deploy(self) -> None:
        """All steps in order. Raises Halt, after saying where it stopped and how to go on or back."""
        before = [
            Step("preflight", ("Pemeriksaan awal", "Preflight"), self.preflight),
            Step("data", ("Tabel, ember, kunci", "Tables, buckets, keys"), self.data),
        ]
        after = [
            Step("server-key", ("Kunci server", "Server key"), self.server_key),
            *self._app_steps(),
            Step("topics", ("Topik kantor", "Office topics"), self.topics),
            Step("web", ("Berkas web", "Web files"), self.web),
            Step(
                "edge",
                ("Tepi: jawaban gateway, batas, CDN", "Edge: gateway answers, throttles, CDN"),
                self.edge,
            ),
            Step(
                "known-late",
                ("Pengaturan yang baru diketahui", "Settings that are known only now"),
                self.known_late,
            ),
            Step("release", ("Simpan rilis", "Keep the release"), self.keep_release),
            Step("smoke", ("Uji asap", "Smoke test"), self.smoke_test),
        ]
        # What an earlier run left in the staging copy is not known to be true any more.
        self._record_path.unlink(missing_ok=True)
        # The first deploy makes the bucket that holds the lock; until then CloudFormation itself lets only one in.
        whole = [*before, *after]
        self._run(whole[:1], whole)
        first = not self.vault.exists()
        if first:
            self._run(whole[1:2], whole)
        with self.vault.locked("deploy"):
            self._run(whole[2 if first else 1 :], whole)
        self.addresses()

    def restore_edge(self) -> None:
        """``make edge``: put back what a plain ``chalice deploy`` took away, and test."""
        steps = [
            Step("state", ("Catatan deploy", "The deployment's record"), self.fetch),
            Step("triggers", ("Pemicu aliran", "Stream triggers"), self.triggers),
            Step(
                "edge",
                ("Tepi: jawaban gateway, batas, CDN", "Edge: gateway answers, throttles, CDN"),
                self.edge,
            ),
            Step("store", ("Simpan catatan deploy", "Keep the record"), self.store),
            Step("smoke", ("Uji asap", "Smoke test"), self.smoke_test),
        ]
        self._begin("edge", steps)
        self.addresses()

    def rollback(self) -> None:
        """Deploy the release before the one that runs (or the one named); tables and topics stay as they are."""
        steps = [
            Step("release", ("Ambil rilis sebelumnya", "Fetch the release before"), self.release),
            Step("layer", ("Lapisan pembaca gambar", "The layer that opens pictures"), self.layer),
            Step("settings", ("Pengaturan", "Settings"), self.settings),
            Step("state", ("Catatan deploy", "The deployment's record"), self.fetch),
            Step("app", ("Aplikasi (chalice deploy)", "The app (chalice deploy)"), self.app),
            Step("store", ("Simpan catatan deploy", "Keep the record"), self.store_rolled_back),
            Step("triggers", ("Pemicu aliran", "Stream triggers"), self.triggers),
            Step("edge", ("Tepi", "Edge"), self.edge),
            Step("smoke", ("Uji asap", "Smoke test"), self.smoke_test),
        ]
        self._begin("rollback", steps)
        self.addresses()

    def _begin(self, doing: str, steps: Sequence[Step]) -> None:
        self._record_path.unlink(missing_ok=True)
        if not self.vault.exists():
            raise Halt(
                "Stage ini belum pernah dipasang.",
                "This stage was never deployed.",
                (f"make deploy STAGE={self.target.stage}", f"make deploy STAGE={self.target.stage}"),
            )
        with self.vault.locked(doing):
            self._run(steps, steps)

    def _app_steps(self) -> list[Step]:
        return [
            Step("package", ("Paket", "Package"), self.package),
            Step("layer", ("Lapisan pembaca gambar", "The layer that opens pictures"), self.layer),
            Step(
                "settings",
                ("Pengaturan dari keluaran tumpukan", "Settings from the stacks' outputs"),
                self.settings,
            ),
            Step("state", ("Catatan deploy", "The deployment's record"), self.fetch),
            Step("app", ("Aplikasi (chalice deploy)", "The app (chalice deploy)"), self.new_app),
            Step("store", ("Simpan catatan deploy", "Keep the record"), self.store),
            Step("triggers", ("Pemicu aliran", "Stream triggers"), self.triggers),
        ]

    def _run(self, steps: Sequence[Step], whole: Sequence[Step]) -> None:
        for step in steps:
            number = [each.id for each in whole].index(step.id) + 1
            self.tell(f"[{number}/{len(whole)}] {step.name[0]} / {step.name[1]}")
            try:
                with explained(f"Langkah {step.name[0]} gagal", f"The step {step.name[1]} failed"):
                    said = step.run()
            except Halt as halt:
                for line in () if halt.told else halt.lines():
                    self.tell(f"      {line}")
                if not halt.told:
                    self._stopped(step, number)
                halt.told = True
                raise
            self.tell(f"      {_both(said)}")

    def _stopped(self, step: Step, number: int) -> None:
        stage = self.target.stage
        self.tell(f"BERHENTI di langkah {number} ({step.id}). / STOPPED at step {number} ({step.id}).")
        self.tell("  Lanjut / go on: perintah yang sama lagi; yang sudah selesai tidak diulang.")
        self.tell("                  the same command again; what is done is not done again.")
        if not self._touched:
            self.tell("  Layanan yang berjalan belum disentuh. / What runs has not been touched.")
            return
        # What stopped it may be that AWS cannot be reached any more.
        with suppress(BotoCoreError, ClientError):
            if self.vault.current()[0]:
                back = "rilis sebelumnya / the release before"
                self.tell(f"  Kembali / go back: make rollback STAGE={stage} ({back})")

    # Steps ----------------------------------------------------------------------------------------------------

    def preflight(self) -> Said:
        facts = preflight.look(self.aws, self.target, self._config)
        found = preflight.findings(facts, self.target, self.chosen)
        for each in found:
            mark = "X" if each.stops else "!"
            self.tell(f"    {mark} {each.what[0]} / {each.what[1]} [{each.id}]")
            self.tell(f"      -> {each.do[0]} / {each.do[1]}")
        stopping = [each.id for each in found if each.stops]
        if stopping:
            raise Halt(
                f"{len(stopping)} hal harus dibereskan dulu: {', '.join(stopping)}.",
                f"{len(stopping)} things must be put right first: {', '.join(stopping)}.",
            )
        return (
            f"akun {facts.account}, {self.target.region}",
            f"account {facts.account}, {self.target.region}",
        )

    def data(self) -> Said:
        path = PROJECT / "infra" / "data.yaml"
        template = read_template(path)
        before = self.stacks.outputs("data")
        after = self.stacks.deploy(
            "data", path.read_text(encoding="utf-8"), template["Parameters"], self.given()
        )
        return NOTHING if before == after else ("tumpukan data siap", "the data stack is ready")

    def server_key(self) -> Said:
        made = gateway.ensure_server_key(self.aws, self.target, self.target.key_alias)
        if not made:
            return ("sudah ada", "there already")
        return (
            f"dibuat; simpan salinannya di brankas: {self.target.key_parameter}",
            f"made; keep a copy in the safe: {self.target.key_parameter}",
        )

    def package(self) -> Said:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._build(self.folder)
        return (str(staging.shown(self.folder)), "ready")

    def layer(self) -> Said:
        """Publish the staging copy's layer, once for each content: a version never changes and is never taken away
        while the stage stands, so that going back finds its own."""
        folder = self.folder / LAYER
        if not folder.is_dir():
            return NOTHING
        archive = self.folder.parent / f"{self.folder.name}-layer.zip"
        digest = staging.pack(folder, archive)
        functions, name = self.aws.client("lambda"), self.target.layer
        pages = functions.get_paginator("list_layer_versions").paginate(LayerName=name)
        versions = [version for page in pages for version in page["LayerVersions"]]
        known = next((v["LayerVersionArn"] for v in versions if v.get("Description") == digest), "")
        self._layer = (
            known
            or functions.publish_layer_version(
                LayerName=name,
                Description=digest,
                Content={"ZipFile": archive.read_bytes()},
                CompatibleRuntimes=[f"python{RUNNING}"],
                CompatibleArchitectures=["arm64"],
            )["LayerVersionArn"]
        )
        archive.unlink()
        return (self._layer.rpartition(":layer:")[2], "there already" if known else "published")

    def settings(self) -> Said:
        """Write the staging copy's .chalice/config.json: this city, this stage, the stacks' outputs."""
        values = self.environment()
        try:
            Settings.from_env(values)
        except MissingSettings as error:
            raise Halt(
                f"Pengaturan belum lengkap: {error}.",
                f"Settings are missing: {error}.",
                (
                    "Tulis di infra/stages.toml, bagian settings.",
                    "Write them into infra/stages.toml, under settings.",
                ),
            ) from error
        path = self.folder / ".chalice" / "config.json"
        layers = dict.fromkeys(LAYERED, self._layer) if self._layer else {}
        staging.write_config(path, self.target, self.api_stage, values, layers)
        # Each function's policy names this city, stage and account alone.
        traces = {**self._config, **self._config["stages"].get(self.target.stage, {})}.get("xray", False)
        narrow_files(path.parent, prefix=self.target.prefix, account=self.aws.account(), traces=traces)
        return (f"{len(values)} pengaturan", f"{len(values)} settings")

    def fetch(self) -> Said:
        """Fetch the record, hold it against AWS, and put it where Chalice looks for it."""
        record, self._etag = self.vault.fetch()
        memory = state.recall(
            self.aws,
            self.target,
            record,
            self.handlers,
            api_stage=self.api_stage,
            chosen_api=self.options.api,
            new_address=self.options.new_address,
        )
        path = self._record_path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        if memory.record is None:
            return ("deploy pertama", "a first deploy")
        path.write_text(json.dumps(memory.record, indent=2), encoding="utf-8")
        if memory.mended:
            for indonesian, english in memory.mended:
                self.tell(f"    ! {indonesian} / {english}")
            # Stored at once: should the next step stop, what was found out is not lost with it.
            self._etag = self.vault.store(memory.record, self._etag)
            return ("diperbaiki dari AWS", "mended from AWS")
        return ("cocok dengan AWS", "as AWS reports")

    def new_app(self) -> Said:
        # Should it stop from here on, going back means the release that ran until now.
        self.vault.set_current(self.vault.current()[0], unfinished=True)
        return self.app()

    def app(self) -> Said:
        from infra import package

        self._touched = True
        log = self.folder.parent / f"{self.folder.name}.log"
        try:
            said = package.chalice(self.folder, "deploy", "--stage", self.target.stage)
        except package.CannotPackage as error:
            log.write_text(str(error), encoding="utf-8")
            last = [line.strip() for line in str(error).splitlines() if line.strip()][-1:]
            raise Halt(
                f"chalice deploy gagal: {''.join(last)[:300]} (selengkapnya {staging.shown(log)})",
                f"chalice deploy failed: {''.join(last)[:300]} (in full: {staging.shown(log)})",
            ) from error
        log.write_text(said, encoding="utf-8")
        api, url = state.api_of(self.record())
        state.tag_api(self.aws, self.target, api)
        return (url, f"{len(self.handlers)} functions")

    def store(self) -> Said:
        record = self.record()
        if record is None:
            raise Halt("Belum ada yang dipasang.", "Nothing is deployed yet.")
        self._etag = self.vault.store(record, self._etag)
        return (f"s3://{self.vault.bucket}", "stored")

    def store_rolled_back(self) -> Said:
        said = self.store()
        self.vault.set_current(self._wanted)
        return said

    def keep_release(self) -> Said:
        """Keep the staging copy that now runs, once for each content."""
        archive = self.folder.parent / f"{self.folder.name}.zip"
        digest = staging.pack(self.folder, archive)
        about = {
            "commit": staging.commit(),
            "city": self.target.city,
            "stage": self.target.stage,
            "sha256": digest,
        }
        newest = next(iter(self.vault.releases()), None)
        same = newest is not None and newest[1].get("sha256") == digest
        name = newest[0] if newest is not None and same else self.vault.keep_release(archive, about)
        self.vault.set_current(name)
        archive.unlink()
        return (name, name)

    def release(self) -> Said:
        """Unpack the release to go back to."""
        kept = [name for name, _ in self.vault.releases()]
        current, unfinished = self.vault.current()
        before = current if unfinished else next((name for name in kept if name < current), "")
        wanted = self.options.release or before
        if wanted not in kept:
            raise Halt(
                f"Tidak ada rilis {wanted or 'sebelumnya'}; ada: {', '.join(kept) or '-'}.",
                f"There is no release {wanted or 'before this one'}; there are: {', '.join(kept) or '-'}.",
            )
        archive = self.folder.parent / f"{self.folder.name}.zip"
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.vault.get_release(wanted, archive)
        shutil.rmtree(self.folder, ignore_errors=True)
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(self.folder)
        archive.unlink()
        self._wanted = wanted
        about = dict(self.vault.releases())[wanted]
        return (f"{wanted} ({about.get('commit', '?')})", "tables and topics stay as they are")

    def triggers(self) -> Said:
        outputs = self.stacks.outputs("data")
        failures = outputs.get("DeadLetterArn") or outputs["StreamFailuresArn"]
        changed = gateway.set_triggers(self.aws, self.target, self.handlers, failures, self._pause)
        return NOTHING if not changed else (", ".join(changed), "set")

    def topics(self) -> Said:
        template = topics.template(cities.load(self.target.city))
        before = self.stacks.outputs("topics")
        after = self.stacks.deploy("topics", compact(template), template["Parameters"], self.given())
        count = len(template["Resources"])
        return (f"{count} topik", f"{count} topics" + ("" if before != after else ", nothing changed"))

    def web(self) -> Said:
        """Put the browser client's files into their bucket: what pages name first, pages last, old files kept."""
        built = webfiles.BUILT
        bucket = self.stacks.outputs("data").get("WebBucket", "")
        if not webfiles.is_built() or not bucket:
            return ("tidak ada berkas web", "there are no web files")
        files = webfiles.upload_order(built)
        for path in files:
            name = path.relative_to(built)
            self.aws.client("s3").upload_file(
                str(path),
                bucket,
                name.as_posix(),
                ExtraArgs={
                    "ContentType": webfiles.content_type(name),
                    "CacheControl": webfiles.cache_control(name),
                },
            )
        return (f"{len(files)} berkas", f"{len(files)} files")

    def edge(self) -> Said:
        path = PROJECT / "infra" / "edge.yaml"
        if not path.exists():
            return ("tidak ada templat edge", "there is no edge template")
        api, _ = state.api_of(self.record())
        for part, region in (("global", GLOBAL), ("edge", "")):
            file = PROJECT / "infra" / f"{part}.yaml"
            text, template = file.read_text(encoding="utf-8"), read_template(file)
            self.stacks.deploy(part, text, template["Parameters"], self.given(edge=True), region)
        restored = gateway.restore_answers(self.aws, api, self.api_stage, read_template(path))
        throttled = gateway.set_throttles(self.aws, api, self.api_stage)
        if not restored and not throttled:
            return NOTHING
        return (
            f"{len(restored)} jawaban gateway dipasang lagi",
            f"{len(restored)} gateway answers put back",
        )

    def known_late(self) -> Said:
        """Deploy the app once more where the edge told what its settings lack: the address that links lead to, the
        header in which callers' addresses come."""
        there, now = self.deployed_settings(), self.environment()
        late = sorted(name for name in now.keys() | there.keys() if now.get(name) != there.get(name))
        if not late:
            return NOTHING
        steps = [
            Step("data", ("Alamat untuk masuk petugas", "Address for officers' sign-in"), self.data),
            Step("settings", ("Pengaturan", "Settings"), self.settings),
            Step("app", ("Aplikasi, dengan pengaturan itu", "The app, with those settings"), self.app),
            Step("store", ("Simpan catatan deploy", "Keep the record"), self.store),
            Step("edge", ("Tepi lagi", "Edge again"), self.edge),
        ]
        self._run(steps, steps)
        return (", ".join(late), ", ".join(late))

    def smoke_test(self) -> Said:
        failed = []
        for check, outcome in smoke.run(self.site()):
            mark = {smoke.OK: "v", smoke.FAIL: "X", smoke.SKIP: "-"}[outcome.state]
            said = f": {_both(outcome.said)}" if outcome.said[0] else ""
            self.tell(f"    {mark} {check.proves[0]} / {check.proves[1]} [{check.id}]{said}")
            if outcome.state == smoke.FAIL:
                failed.append(check.id)
        if failed:
            raise Halt(
                f"Uji asap gagal: {', '.join(failed)}.",
                f"The smoke test failed: {', '.join(failed)}.",
                ("docs/unproven.md menjelaskan tiap uji.", "docs/unproven.md explains each check."),
            )
        return ("semua baik", "all is well")

    # What steps share -----------------------------------------------------------------------------------------

    def site(self) -> smoke.Site:
        record, _ = self.vault.fetch()
        outputs = {
            name: value
            for part in ("data", "topics", "edge")
            for name, value in self.stacks.outputs(part).items()
        }
        return smoke.Site(
            aws=self.aws,
            target=self.target,
            base_url=self.environment()["BASE_URL"],
            api_url=self._reach or state.api_of(record)[1].rstrip("/"),
            api_stage=self.api_stage,
            handlers=self.handlers,
            record=record,
            outputs=outputs,
            edge=self.stacks.find("edge") is not None,
            phone=self.options.phone,
        )

    def addresses(self) -> None:
        site = self.site()
        self.tell(f"Layanan / service: {site.base_url}")
        self.tell(f"API:               {site.base_url}/v1")
        self.tell(f"Gateway:           {site.api_url}")
        for name in ("DistributionDomain", "SignInHost"):
            if name in site.outputs:
                self.tell(f"{name}: {site.outputs[name]}")

    def given(self, *, edge: bool = False) -> dict[str, str]:
        """Values for the stacks' parameters, by name; what an operator chose goes before what was found out."""
        site = self.stacks.outputs("edge").get("SiteUrl", "")
        found = {"App": "pro", "City": self.target.city, "Stage": self.target.stage}
        if site:
            found["SiteOrigin"] = site
        if edge:
            outputs = self.stacks.outputs("data")
            found["ApiId"] = state.api_of(self.record())[0]
            found["EdgeSecret"], found["EdgeSecretBefore"] = gateway.edge_secret(
                self.aws, self.target, self.target.key_alias, rotate=self.options.rotate
            )
            # Drawn once in a run, however many stacks and passes ask for it.
            self.options = replace(self.options, rotate=False)
            found["AlarmTopic"] = outputs.get("OperatorTopicArn", "")
            found["WebClient"] = "yes" if webfiles.is_built() else "no"
            made = self.stacks.outputs("global", GLOBAL)
            found |= {name: made[name] for name in ("CertificateArn", "WebAclArn") if name in made}
        return {**found, **self.chosen.parameters}

    def environment(self) -> dict[str, str]:
        """The app's settings: from .chalice/config.json, from names, from the stacks' outputs, from the operator."""
        stage = self._config["stages"].get(self.target.stage, {})
        outputs: Mapping[str, str] = {**self.stacks.outputs("data"), **self.stacks.outputs("edge")}
        known = {_shouted(name): value for name, value in outputs.items()}
        settings = {field.name.upper() for field in fields(Settings)}
        account = self.aws.account()
        return {
            **{k: v for k, v in stage.get("environment_variables", {}).items() if k not in settings},
            "STAGE": self.target.stage,
            "CITY": self.target.city,
            "TABLE_PREFIX": self.target.prefix,
            "TOPIC_ARN_PREFIX": f"arn:aws:sns:{self.aws.region}:{account}:{self.target.prefix}",
            "KMS_KEY_ID": self.target.key_alias,
            "SERVER_KEY_PARAMETER": self.target.key_parameter,
            **{name: value for name, value in known.items() if name in settings and value},
            "BASE_URL": outputs.get("SiteUrl") or self._gateway_address() or NOWHERE,
            **self.chosen.settings,
        }

    def _gateway_address(self) -> str:
        return state.api_of(self.record())[1].rstrip("/")

    def deployed_settings(self) -> dict[str, str]:
        found = self.aws.client("lambda").get_function_configuration(FunctionName=self.target.function())
        return dict(found.get("Environment", {}).get("Variables", {}))

    @property
    def _record_path(self) -> Path:
        return self.folder / ".chalice" / "deployed" / f"{self.target.stage}.json"

    def record(self) -> state.Record | None:
        """What Chalice wrote last; where this run has not fetched it yet, what the bucket holds."""
        if self._record_path.exists():
            loaded: state.Record = json.loads(self._record_path.read_text(encoding="utf-8"))
            return loaded
        return self.vault.fetch()[0] if self.vault.exists() else None


def _shouted(name: str) -> str:
    """``OutboxStreamArn`` as ``OUTBOX_STREAM_ARN``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def _both(said: Said) -> str:
    """Both languages, or one text where they are the same (names and values)."""
    return said[0] if said[0] == said[1] else f"{said[0]} / {said[1]}"
