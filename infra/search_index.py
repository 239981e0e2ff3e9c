"""Make the words by which staff find cases anew, from the cases themselves: ``make search-index``.

Every case is marked, and the job ``index_cases`` takes the marks up within minutes, as it takes up every change; so
this may be stopped and run again, beside a service that goes on. With ``EMPTY=yes`` everything is taken out first, also
what no case owns any more: until the job is through, staff find less.

Settings come from the environment; where there are none, from the local stack that runs on DATA_DIR.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from infra.posts import find_settings


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m infra.search_index", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--empty", default="", help="yes: take everything out first")
    asked = parser.parse_args(arguments)
    if not find_settings():
        print(
            "Layanan belum berjalan: mulai dengan `make run`, atau ekspor pengaturan tahapnya.\n"
            "The service does not run: start it with `make run`, or export the settings of the stage.",
            file=sys.stderr,
        )
        return 1
    from botocore.exceptions import BotoCoreError
    from pynamodb.exceptions import PynamoDBException

    from chalicelib.usecases import indexing

    try:
        number = indexing.make_anew(
            empty=asked.empty == "yes", tell=lambda done: print(f"  {done}", flush=True)
        )
    except (BotoCoreError, PynamoDBException) as error:
        print(
            f"Layanan tidak terjangkau; jalankan lagi nanti, hasilnya sama. ({type(error).__name__})\n"
            "The service cannot be reached; run this again later, the result is the same.",
            file=sys.stderr,
        )
        return 1
    print(
        f"{number} aduan ditandai; index_cases mengerjakannya dalam beberapa menit.\n"
        f"{number} cases marked; index_cases takes them up within minutes."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
