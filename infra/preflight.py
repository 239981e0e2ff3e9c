"""What must be right before anything is made: one look at the account, then findings that each say what to do.

`look` asks AWS and the machine and gathers `Facts`; `findings` judges them without asking anybody, so that each
finding can be tested. A finding stops the deploy, or warns; one that an operator has read and accepts is named in
``infra/stages.toml`` (``accept``) and then only warns.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from chalicelib import cities
from chalicelib.domain.city import City
from infra.target import GLOBAL, HOME, PROJECT, Aws, Choices, Target, code_of

UNRESERVED = 100
"""Concurrent executions that AWS keeps for functions without a reservation; the rest may be reserved."""
FIRST_SMS_LIMIT = 1.0
"""USD a month that a new account may spend on SMS."""
UNKNOWN = "?"
"""AWS did not say; the finding tells that it could not be looked at."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found. Texts are empty and numbers None where there is nothing; UNKNOWN where AWS would not say."""

    python: tuple[int, int] = (3, 11)
    profile_faults: str = ""
    sender: str = ""
    """The SMS sender id of the profile."""
    no_holidays: int = 0
    """A year soon to come of which the profile names no day off."""
    uncommitted: bool = False
    credentials: str = ""
    """Error code of the first call; empty where the credentials work."""
    account: str = ""
    caller: str = ""
    """ARN of whoever deploys."""
    region_state: str = ""
    """``opted-in``, ``opt-in-not-required``, ``not-opted-in``, or UNKNOWN."""
    sandbox: bool | None = None
    sms_limit: float | None = None
    """USD a month that the account may spend on SMS."""
    sender_registered: bool | None = None
    """None where AWS does not know the sender id at all."""
    sms_unknown: str = ""
    """Error code where AWS would not tell about SMS."""
    concurrency: int | None = None
    """Lambdas that may run at once in the account's region."""
    reserved: int = 0
    """What .chalice/config.json reserves of them."""
    quotas: Mapping[str, float] | None = None
    """Other quotas by their code; None where AWS would not tell."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be: what it is and what to do about it, Indonesian and English."""

    id: str
    stops: bool
    what: tuple[str, str]
    do: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota of the account that a city can run into. ``least`` is what is needed."""

    service: str
    code: str
    name: str
    least: float
    why: str


QUOTAS = (
    Quota(
        "apigateway", "L-8A5B8E43", "Throttle rate", 500, "edge throttle of one city, with room for a second"
    ),
    Quota(
        "dynamodb", "L-F98FE922", "Tables per region", 20, "four tables a stage, and four more in a restore"
    ),
)


def look(aws: Aws, target: Target, config: Mapping[str, Any]) -> Facts:
    """Ask the machine and AWS. Never raises for what AWS refuses: that is what the findings are for."""
    found: dict[str, Any] = {
        "python": sys.version_info[:2],
        **_profile(target.city),
        "uncommitted": _uncommitted(),
        "reserved": sum(
            int(each.get("reserved_concurrency", 0))
            for each in {
                **config.get("lambda_functions", {}),
                **config.get("stages", {}).get(target.stage, {}).get("lambda_functions", {}),
            }.values()
        ),
    }
    try:
        # Asked where every account is at home: a region that is not enabled answers that the key is unknown.
        who = aws.client("sts", GLOBAL).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        return Facts(**found, credentials=_credential_fault(error))
    found |= {"account": who["Account"], "caller": who["Arn"]}
    found["region_state"] = _told(lambda: _region_state(aws, target.region)) or UNKNOWN
    found |= _sms(aws, found.get("sender", ""))
    found["concurrency"] = _told(
        lambda: int(aws.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"])
    )
    found["quotas"] = _told(lambda: {quota.code: _quota(aws, quota) for quota in QUOTAS})
    return Facts(**found)


def findings(facts: Facts, target: Target, chosen: Choices) -> list[Finding]:
    """All that is wrong, the stopping first; what the operator accepted only warns."""
    found = [each for rule in _RULES for each in rule(facts, target, chosen)]
    judged = [
        Finding(each.id, each.stops and each.id not in chosen.accept, each.what, each.do) for each in found
    ]
    return sorted(judged, key=lambda each: not each.stops)


# The rules ----------------------------------------------------------------------------------------------------

Found = list[Finding]


def _machine(facts: Facts, target: Target, chosen: Choices) -> Found:
    found = []
    if not (3, 11) <= facts.python <= (3, 13):
        version = ".".join(map(str, facts.python))
        found.append(
            Finding(
                "python",
                True,
                (
                    f"Python {version} tidak dipakai di Lambda ini.",
                    f"Python {version} does not run this in Lambda.",
                ),
                (
                    "Pakai 3.11, 3.12 atau 3.13: make setup PYTHON=python3.12",
                    "Use 3.11, 3.12 or 3.13: make setup PYTHON=python3.12",
                ),
            )
        )
    if facts.profile_faults:
        found.append(
            Finding(
                "profile",
                True,
                (
                    f"Profil kota keliru: {facts.profile_faults}",
                    f"The city profile has faults: {facts.profile_faults}",
                ),
                ("Perbaiki, lalu: make profiles", "Mend it, then: make profiles"),
            )
        )
    if facts.no_holidays:
        found.append(
            Finding(
                "holidays",
                False,
                (
                    f"Profil kota belum memuat hari libur {facts.no_holidays}; batas waktu akan jatuh pada hari libur.",
                    f"The city profile names no days off of {facts.no_holidays}; deadlines would fall on them.",
                ),
                (
                    "Isi holidays.toml dari SKB tiga menteri, lalu: make profiles",
                    "Fill in holidays.toml from the joint decree of three ministers, then: make profiles",
                ),
            )
        )
    if facts.uncommitted and target.stage == "prod":
        found.append(
            Finding(
                "uncommitted",
                True,
                ("Ada perubahan yang belum di-commit.", "There are changes that are not committed."),
                (
                    "Commit dulu, supaya yang berjalan di prod dapat ditunjuk.",
                    "Commit first, so that what runs in prod can be pointed at.",
                ),
            )
        )
    return found


def _account(facts: Facts, target: Target, chosen: Choices) -> Found:
    if facts.credentials:
        what, do = _CREDENTIALS.get(facts.credentials, _CREDENTIALS["other"])
        return [
            Finding(
                "credentials",
                True,
                (what[0] + f" ({facts.credentials})", what[1] + f" ({facts.credentials})"),
                do,
            )
        ]
    found = []
    if chosen.account and chosen.account != facts.account:
        found.append(
            Finding(
                "account",
                True,
                (
                    f"Kredensial milik akun {facts.account}; stage ini di akun {chosen.account}.",
                    f"The credentials are of account {facts.account}; this stage is in {chosen.account}.",
                ),
                ("Pilih profil AWS yang benar (AWS_PROFILE).", "Choose the right AWS profile (AWS_PROFILE)."),
            )
        )
    if not chosen.account and target.stage == "prod":
        found.append(
            Finding(
                "account-unnamed",
                False,
                ("Akun untuk prod belum dicatat.", "The account for prod is not written down."),
                (
                    f'Tulis account = "{facts.account}" di infra/stages.toml, [{target.city}.prod].',
                    f'Write account = "{facts.account}" into infra/stages.toml, [{target.city}.prod].',
                ),
            )
        )
    if facts.caller.endswith(":root"):
        found.append(
            Finding(
                "root",
                target.stage == "prod",
                ("Anda memakai pengguna root.", "You are using the root user."),
                ("Buat peran untuk deploy dan pakai itu.", "Make a role for deploys and use that."),
            )
        )
    return found


def _region(facts: Facts, target: Target, chosen: Choices) -> Found:
    if facts.credentials:
        return []
    if target.region != HOME:
        return [
            Finding(
                "region",
                True,
                (f"Wilayah {target.region} bukan {HOME}.", f"The region {target.region} is not {HOME}."),
                (
                    f"Data pribadi tetap di Indonesia (PP 71/2019): AWS_REGION={HOME}",
                    f"Personal data stays in Indonesia (PP 71/2019): AWS_REGION={HOME}",
                ),
            )
        ]
    if facts.region_state == UNKNOWN:
        return [
            Finding(
                "region-unknown",
                False,
                (
                    f"Tidak dapat dipastikan apakah {HOME} aktif.",
                    f"Whether {HOME} is enabled could not be seen.",
                ),
                (
                    "Beri hak ec2:DescribeRegions, atau lihat di konsol.",
                    "Grant ec2:DescribeRegions, or look in the console.",
                ),
            )
        ]
    if facts.region_state not in ("opted-in", "opt-in-not-required"):
        return [
            Finding(
                "region-off",
                True,
                (
                    f"Wilayah {HOME} (Jakarta) belum diaktifkan.",
                    f"The region {HOME} (Jakarta) is not enabled.",
                ),
                (
                    "Konsol AWS, Account, AWS Regions: aktifkan Jakarta; tunggu sampai satu jam.",
                    "AWS console, Account, AWS Regions: enable Jakarta; it may take an hour.",
                ),
            )
        ]
    return []


def _messages(facts: Facts, target: Target, chosen: Choices) -> Found:
    if facts.credentials:
        return []
    found = []
    if facts.sms_unknown:
        found.append(
            Finding(
                "sms-unknown",
                False,
                (
                    f"Keadaan SMS tidak terlihat ({facts.sms_unknown}).",
                    f"The state of SMS cannot be seen ({facts.sms_unknown}).",
                ),
                (
                    "Beri hak sns:Get*, sms-voice:Describe*, atau lihat di konsol.",
                    "Grant sns:Get*, sms-voice:Describe*, or look in the console.",
                ),
            )
        )
    if facts.sandbox:
        found.append(
            Finding(
                "sms-sandbox",
                True,
                (
                    "SMS masih di sandbox: hanya nomor terverifikasi yang menerima.",
                    "SMS is in the sandbox: only verified numbers get any.",
                ),
                (
                    'Minta keluar (docs/runbook.md, SMS); sementara itu accept = ["sms-sandbox"].',
                    'Ask to leave it (docs/runbook.md, SMS); until then accept = ["sms-sandbox"].',
                ),
            )
        )
    needed = max(chosen.sms_dollars, FIRST_SMS_LIMIT + 0.01)
    if facts.sms_limit is not None and facts.sms_limit < needed:
        found.append(
            Finding(
                "sms-limit",
                True,
                (
                    f"Batas belanja SMS USD {facts.sms_limit:g} sebulan; SMS berhenti setelahnya.",
                    f"The SMS spend limit is USD {facts.sms_limit:g} a month; messages stop beyond it.",
                ),
                (
                    "Minta dinaikkan lewat kasus dukungan (docs/runbook.md, SMS).",
                    "Ask for more in a support case (docs/runbook.md, SMS).",
                ),
            )
        )
    if facts.sender and not facts.sms_unknown and not facts.sender_registered:
        found.append(
            Finding(
                "sender-id",
                True,
                (
                    f"Nama pengirim {facts.sender} belum terdaftar untuk Indonesia; operator menyaring SMS-nya.",
                    f"The sender id {facts.sender} is not registered for Indonesia; operators filter its SMS.",
                ),
                (
                    "Daftarkan, atau lihat statusnya (docs/runbook.md, SMS); makan waktu berminggu-minggu.",
                    "Register it, or see how far it is (docs/runbook.md, SMS); it takes weeks.",
                ),
            )
        )
    return found


def _limits(facts: Facts, target: Target, chosen: Choices) -> Found:
    if facts.credentials:
        return []
    found = []
    needed = UNRESERVED + facts.reserved
    if facts.concurrency is None or facts.quotas is None:
        found.append(
            Finding(
                "quota-unknown",
                False,
                ("Kuota akun tidak terlihat.", "The account's quotas cannot be seen."),
                (
                    "Beri hak lambda:GetAccountSettings dan servicequotas:GetServiceQuota.",
                    "Grant lambda:GetAccountSettings and servicequotas:GetServiceQuota.",
                ),
            )
        )
    if facts.concurrency is not None and facts.concurrency < needed:
        found.append(
            Finding(
                "quota-lambda",
                True,
                (
                    f"Hanya {facts.concurrency} Lambda boleh berjalan bersamaan; perlu {needed}.",
                    f"Only {facts.concurrency} Lambdas may run at once; {needed} are needed.",
                ),
                (
                    "Service Quotas, AWS Lambda, Concurrent executions (L-B99A9384): minta 1000.",
                    "Service Quotas, AWS Lambda, Concurrent executions (L-B99A9384): ask for 1000.",
                ),
            )
        )
    for quota in QUOTAS:
        has = (facts.quotas or {}).get(quota.code)
        if has is not None and has < quota.least:
            found.append(
                Finding(
                    f"quota-{quota.service}",
                    True,
                    (
                        f"Kuota {quota.service} {quota.name} {has:g}; perlu {quota.least:g}.",
                        f"The quota {quota.service} {quota.name} is {has:g}; {quota.least:g} is needed ({quota.why}).",
                    ),
                    (
                        f"Service Quotas, {quota.service}, {quota.code}: minta dinaikkan.",
                        f"Service Quotas, {quota.service}, {quota.code}: ask for more.",
                    ),
                )
            )
    return found


_RULES: tuple[Callable[[Facts, Target, Choices], Found], ...] = (
    _machine,
    _account,
    _region,
    _messages,
    _limits,
)

_AGAIN = (
    "Masuk lagi (aws sso login atau kunci baru), lalu ulangi.",
    "Sign in again (aws sso login, or a new key), then run again.",
)
_CREDENTIALS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "none": (
        ("Tidak ada kredensial AWS.", "There are no AWS credentials."),
        ("Isi AWS_PROFILE, atau: aws configure sso", "Set AWS_PROFILE, or: aws configure sso"),
    ),
    "unreachable": (
        ("AWS tidak terjangkau.", "AWS cannot be reached."),
        ("Periksa jaringan dan proksi.", "Check the network and the proxy."),
    ),
    "ExpiredToken": (("Kredensial AWS sudah lewat.", "The AWS credentials have expired."), _AGAIN),
    "ExpiredTokenException": (("Kredensial AWS sudah lewat.", "The AWS credentials have expired."), _AGAIN),
    "other": (("AWS menolak kredensial.", "AWS refuses the credentials."), _AGAIN),
}


# What is asked ------------------------------------------------------------------------------------------------


def year_without_days(city: City, today: date) -> int:
    """This year, or from October on the next, where no calendar of the city has a day off in it; 0 where all is well.

    A profile ends some day, and then its deadlines fall on holidays that nobody entered.
    """
    year = today.year + (today.month >= 10)
    named = {
        day.year for calendar in city.calendars.values() for day, hours in calendar.days.items() if not hours
    }
    return 0 if year in named else year


def _credential_fault(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "none"
    return code_of(error) or "unreachable"


def _profile(city: str) -> dict[str, Any]:
    try:
        profile = cities.load(city)
        return {"sender": profile.sender, "no_holidays": year_without_days(profile, datetime.now(UTC).date())}
    except cities.BadProfile as error:
        return {"profile_faults": "; ".join(str(error).splitlines())}


def _uncommitted() -> bool:
    """Whether git knows of changes; False where this is no git folder (an unpacked release)."""
    asked = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=no"],
        cwd=PROJECT,
        capture_output=True,
        check=False,
    )
    return asked.returncode == 0 and bool(asked.stdout.strip())


def _told(ask: Callable[[], Any]) -> Any:
    """What AWS answers; None where it will not say."""
    try:
        return ask()
    except (BotoCoreError, ClientError):
        return None


def _region_state(aws: Aws, region: str) -> str:
    found = aws.client("ec2", GLOBAL).describe_regions(RegionNames=[region], AllRegions=True)["Regions"]
    return str(found[0]["OptInStatus"]) if found else UNKNOWN


def _sms(aws: Aws, sender: str) -> dict[str, Any]:
    sns, messaging = aws.client("sns"), aws.client("pinpoint-sms-voice-v2")
    found: dict[str, Any] = {}
    try:
        found["sandbox"] = bool(sns.get_sms_sandbox_account_status()["IsInSandbox"])
        limits = messaging.describe_spend_limits()["SpendLimits"]
        mine = [each for each in limits if each["Name"] == "TEXT_MESSAGE_MONTHLY_SPEND_LIMIT"]
        if mine:
            # What is enforced now; the account's ceiling may be higher.
            found["sms_limit"] = float(mine[0]["EnforcedLimit"])
        if sender:
            filters = [
                {"Name": "sender-id", "Values": [sender]},
                {"Name": "iso-country-code", "Values": ["ID"]},
            ]
            known = messaging.describe_sender_ids(Filters=filters)["SenderIds"]
            found["sender_registered"] = bool(known[0]["Registered"]) if known else None
    except (BotoCoreError, ClientError) as error:
        found["sms_unknown"] = code_of(error) or "unreachable"
    return found


def _quota(aws: Aws, quota: Quota) -> float:
    asked = aws.client("service-quotas").get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)
    return float(asked["Quota"]["Value"])
