"""The embedded default: the real app behind real engines on one machine.

Never deployed, never imported by ``chalicelib``: this package brings to the app's handlers what AWS would.
"""
