"""The same post twice is done once: the answer is stored in the same transaction as what was done.

Html forms carry a hidden `client_id` made with the page; API clients send Idempotency-Key. A refused or failed
post leaves nothing behind, so the corrected form may be sent with the same id.
"""

from datetime import timedelta
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from shared import clock
from shared.database import fetch_one, transaction
from shared.errors import Conflict
from shared.i18n import N_
from shared.ids import new_id
from shared.web.csrf import is_form
from shared.web.models import IdempotencyKey
from shared.web.routing import Handler

FIELD = "client_id"
HEADER = "idempotency-key"
BODY_LIMIT = 65_536
KEEP = timedelta(days=3)


class _NotDone(Exception):
    """Carries an answer out of the transaction that must not be committed."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def once(request: Request, key: str, handler: Handler) -> Response:
    """Run `handler` inside a transaction together with its key, or give the answer that the key already has.

    1. insert the key (a concurrent twin waits here until the first commits)  2. run the handler  3. keep its
    answer, commit. Answers from 400 up and exceptions roll all of it back. Raises Conflict when the key was
    used for something else.
    """
    scope = str(request.state.account.id) if request.state.account else "-"
    digest = await fingerprint(request)
    try:
        async with transaction():
            if not await claim(scope, key, digest):
                return await earlier_answer(scope, key, digest)
            response = await handler(request)
            if response.status_code >= 400:
                raise _NotDone(response)
            await keep_answer(scope, key, response)
            return response
    except _NotDone as refused:
        return refused.response


async def fingerprint(request: Request) -> str:
    """A hash of what is being sent, without tokens that change from page to page."""
    digest = sha256(f"{request.method} {request.url.path}\n".encode())
    if is_form(request):
        for name, value in sorted((await request.form()).multi_items(), key=lambda item: item[0]):
            if name != "csrf":
                content = value if isinstance(value, str) else f"{value.filename} {value.size}"
                digest.update(f"{name}={content}\n".encode())
    else:
        digest.update(await request.body())
    return digest.hexdigest()


async def claim(scope: str, key: str, digest: str) -> bool:
    """Take the key for this transaction; False when it is taken already."""
    taken = await fetch_one(
        "INSERT INTO web_idempotency_key"
        ' (id, scope, "key", request_hash, status, location, content_type, body, created_at)'
        " VALUES (:id, :scope, :key, :digest, 0, '', '', '', :now)"
        ' ON CONFLICT (scope, "key") DO NOTHING RETURNING id',
        id=new_id(),
        scope=scope,
        key=key,
        digest=digest,
        now=clock.now(),
    )
    return taken is not None


async def keep_answer(scope: str, key: str, response: Response) -> None:
    """Store what to answer next time; a stream or a long body is answered by its status alone."""
    body = bytes(getattr(response, "body", b""))
    await IdempotencyKey.filter(scope=scope, key=key).update(
        status=response.status_code,
        location=response.headers.get("location", "")[:500],
        content_type=response.headers.get("content-type", "")[:80],
        body=body.decode() if len(body) <= BODY_LIMIT else "",
    )


async def earlier_answer(scope: str, key: str, digest: str) -> Response:
    """The stored answer. Conflict when the key came with other content."""
    row = await IdempotencyKey.get(scope=scope, key=key)
    if row.request_hash != digest:
        raise Conflict(
            N_("This form was sent before with other content. Open it anew and enter it again."),
            code="once.reused",
        )
    response = Response(row.body, status_code=row.status, media_type=row.content_type or None)
    if row.location:
        response.headers["location"] = row.location
    response.headers["idempotency-replayed"] = "true"
    return response


async def forget_old_keys() -> int:
    """Delete keys older than three days; run once an hour by the site."""
    return await IdempotencyKey.filter(created_at__lt=clock.now() - KEEP).delete()
