"""The second argument of a Lambda handler."""

from __future__ import annotations

import time
import uuid


class Context:
    """What Lambda's runtime tells a handler about its invocation, for ``seconds`` from now."""

    function_version = "$LATEST"
    memory_limit_in_mb = 512
    identity = None
    client_context = None

    def __init__(self, function_name: str, *, region: str, account_id: str, seconds: float) -> None:
        self.function_name = function_name
        self.aws_request_id = str(uuid.uuid4())
        self.invoked_function_arn = f"arn:aws:lambda:{region}:{account_id}:function:{function_name}"
        self.log_group_name = f"/aws/lambda/{function_name}"
        self.log_stream_name = f"local/[$LATEST]{self.aws_request_id}"
        self._ends = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would stop the handler, never negative."""
        return max(0, int((self._ends - time.monotonic()) * 1000))
