"""Open311 GeoReport v2 at ``/open311/v2``: JSON and XML alike, as docs/open311.md tells its clients."""
