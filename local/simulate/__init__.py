"""A year of a city's complaints through the real rules, on a virtual clock: ``python -m local.simulate``.

``arrivals`` says what comes in and how people behave (assumed), ``year`` plays it through ``chalicelib.domain``,
``figures`` counts, ``table`` and ``picture`` show. docs/simulator.md says what it can and cannot tell.
"""
