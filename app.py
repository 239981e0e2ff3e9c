"""PRO Denpasar Plus: the app that Chalice deploys. It only composes."""

from chalice.app import Chalice, ConvertToMiddleware, CORSConfig

from chalicelib.http import auth, desk, officers, own, pages, problems, public, reporters, requests, rungs
from chalicelib.jobs import relay, sweeps
from chalicelib.observability import logger, metrics
from chalicelib.settings import settings

app = Chalice(app_name="pro", configure_logs=False)
# Cities and stages may share an account: each has its own counts (infra/data.yaml names them in its alarms).
metrics.set_default_dimensions(city=settings().city, stage=settings().stage)
app.log = logger  # type: ignore[assignment]  # a stand-in for a logger, as Powertools documents it
app.api.cors = CORSConfig(
    allow_headers=["Idempotency-Key", "If-Match", "Accept-Language"],
    expose_headers=["ETag", "Retry-After"],
    max_age=600,
)
for blueprint in (
    auth.routes,
    public.routes,
    reporters.routes,
    officers.routes,
    pages.routes,
    own.routes,
    desk.routes,
    rungs.routes,
    relay.jobs,
    sweeps.jobs,
):
    app.register_blueprint(blueprint)
app.register_middleware(ConvertToMiddleware(logger.inject_lambda_context(clear_state=True)))
app.register_middleware(ConvertToMiddleware(metrics.log_metrics(raise_on_empty_metrics=False)))
app.register_middleware(problems.reshape, "http")
requests.bind(app)
