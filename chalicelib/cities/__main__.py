"""Check every city profile: ``python -m chalicelib.cities``. Exit code 1 if one has a fault."""

from __future__ import annotations

import sys

from chalicelib.cities import BadProfile, available, load


def main() -> int:
    """Load each profile and print what it holds, or all its faults."""
    bad = 0
    for city_id in available():
        try:
            city = load(city_id)
        except BadProfile as error:
            bad += 1
            print(error, file=sys.stderr)
        else:
            print(
                f"{city_id}: {len(city.villages)} villages, {len(city.offices)} offices,"
                f" {len(city.categories)} categories, {'label points' if city.geography.approximate else 'boundaries'}"
            )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
