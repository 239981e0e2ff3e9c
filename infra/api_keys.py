"""API keys of other systems: ``make api-key CLIENT=<name> SCOPES="file update"``; without a client all keys are listed.

A key is shown once and stored as a hash. Scopes: ``file`` (file requests), ``update`` (speak for the reporters of
requests that it filed), ``act:<office>`` (act as that office's staff). Settings come from the environment; where there
are none, from the local stack that runs on DATA_DIR.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from infra.posts import find_settings


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.api_keys", description=__doc__.partition("\n")[0])
    parser.add_argument("--client", default="", help="who holds the new key")
    parser.add_argument("--scopes", default="file update", help="what it may, with blanks between")
    parser.add_argument("--per-hour", type=int, default=None, help="its rate; 0 counts none")
    parser.add_argument("--revoke", default="", metavar="ID", help="end this key for good")
    options = parser.parse_args(arguments)
    if not find_settings():
        print(
            "Layanan belum berjalan: mulai dengan `make run`, atau ekspor pengaturan tahapnya.\n"
            "The service does not run: start it with `make run`, or export the settings of the stage.",
            file=sys.stderr,
        )
        return 1
    from chalicelib.domain.errors import Invalid, NotFound
    from chalicelib.settings import utc_now
    from chalicelib.usecases import api_keys

    if options.revoke:
        try:
            ended = api_keys.revoke(options.revoke, now=utc_now())
        except NotFound:
            print(f"Tidak ada kunci {options.revoke} / there is no such key", file=sys.stderr)
            return 1
        print(f"Dicabut / revoked: {ended.id} {ended.client}")
        return 0
    if not options.client:
        for key in sorted(api_keys.every(), key=lambda key: key.issued_at):
            ends = f"dicabut / revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "berlaku / valid"
            print(f"{key.id}  {key.per_hour:>6}/h  {' '.join(sorted(key.scopes)):30}  {ends}  {key.client}")
        return 0
    rate = api_keys.PER_HOUR if options.per_hour is None else options.per_hour
    try:
        key, text = api_keys.issue(options.client, options.scopes.split(), now=utc_now(), per_hour=rate)
    except Invalid as error:
        print(f"Tidak dibuat / not made: {error}", file=sys.stderr)
        return 1
    print(
        f"{text}\nTidak dapat ditampilkan lagi; cabut dengan / cannot be shown again; revoke with: REVOKE={key.id}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
