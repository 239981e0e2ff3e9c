"""PRO Denpasar Plus: the app that Chalice deploys. It only composes."""

from chalice.app import Chalice, ConvertToMiddleware, CORSConfig

from chalicelib.http import (
    agencies,
    album,
    auth,
    bans,
    desk,
    deskwork,
    finding,
    joined,
    moderation,
    officers,
    own,
    pages,
    photos,
    privacy,
    problems,
    public,
    reporters,
    requests,
    rulebook,
    rungs,
    watch,
)
from chalicelib.http.open311 import routes as open311
from chalicelib.jobs import pictures, relay, sweeps
from chalicelib.observability import logger, observer
from chalicelib.settings import runs, settings

# The API's name, by which CloudWatch counts it: of this city, as app_name in .chalice/config.json is.
app = Chalice(app_name=f"pro-{settings().city}", configure_logs=False)
app.log = logger  # type: ignore[assignment]  # a stand-in for a logger, as Powertools documents it
app.api.cors = CORSConfig(
    allow_headers=["Device-Id", "Idempotency-Key", "If-Match", "Accept-Language"],
    expose_headers=["ETag", "Retry-After"],
    max_age=600,
)
# A photo that Open311 posts is no text: the gateway hands such a body on as base64.
app.api.binary_types.append(open311.MULTIPART)
for blueprint in (
    auth.routes,
    public.routes,
    reporters.routes,
    officers.routes,
    pages.routes,
    own.routes,
    joined.routes,
    finding.routes,
    desk.routes,
    deskwork.routes,
    rungs.routes,
    agencies.routes,
    open311.routes,
    photos.routes,
    album.routes,
    watch.routes,
    moderation.routes,
    bans.routes,
    privacy.routes,
    rulebook.routes,
    relay.jobs,
    sweeps.jobs,
    pictures.jobs,
):
    app.register_blueprint(blueprint)
# For requests alone: Lambda loads a job's own module and not this one, so jobs are observed where they stand.
app.register_middleware(ConvertToMiddleware(observer()), "http")
app.register_middleware(problems.reshape, "http")
requests.bind(app)
if runs(__name__):
    requests.prepare()
