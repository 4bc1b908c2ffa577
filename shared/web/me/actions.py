"""What a person does with their account."""

import hmac
import secrets
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from uuid import UUID

import pyotp

from shared import clock, log
from shared.database import transaction
from shared.errors import Invalid, NotFound, TooMany
from shared.i18n import N_
from shared.permissions import Person
from shared.web import accounts
from shared.web.accounts import normal_name
from shared.web.models import Account, ApiToken, LoginAttempt
from shared.web.passwords import Passwords
from shared.web.session import new_token, token_hash
from shared.web.settings import WebSettings

Noted = Callable[[str], Awaitable[None]]
WINDOW = timedelta(minutes=15)
ADDRESS_FACTOR = 5
STEP_SECONDS = 30
WRONG = N_("User name and password do not match. Check both and the keyboard layout.")
WRONG_CODE = N_("This code does not fit. Enter the six digits that your app shows now.")

events = log.get_logger()


async def sign_in(
    passwords: Passwords, settings: WebSettings, *, username: str, password: str, code: str, address: str
) -> Account:
    """The account whose name, password and code these are.

    1. note the attempt and count it (so that many at once cannot pass the limit)  2. check the password, in the
    same time whether or not there is such an account  3. check the code. TooMany above the limit, Invalid for
    wrong entries; success clears the account's attempts.
    """
    name = normal_name(username)[:64]
    attempt = await LoginAttempt.create(username=name, address=address, at=clock.now())
    await refuse_above_limit(attempt, settings.login_limit)
    account = await Account.get_or_none(username=name)
    is_usable = account is not None and account.disabled_at is None
    is_right = await passwords.check(password, account.password_hash if account and is_usable else "")
    if account is None or not is_right:
        events.warning("sign-in failed", username=name, address=address)
        raise Invalid(WRONG, fields={"password": WRONG}, code="sign_in.wrong")
    if account.totp_secret and not await take_code(account, code):
        events.warning("sign-in failed at second factor", account=str(account.id), address=address)
        raise Invalid(WRONG_CODE, fields={"code": WRONG_CODE}, code="sign_in.code")
    await LoginAttempt.filter(username=name).delete()
    events.info("signed in", account=str(account.id), address=address)
    return account


async def refuse_above_limit(attempt: LoginAttempt, limit: int) -> None:
    """Raise TooMany when account or address failed too often in the last 15 minutes."""
    since = attempt.at - WINDOW
    await LoginAttempt.filter(at__lt=attempt.at - timedelta(days=1)).delete()
    by_account = LoginAttempt.filter(username=attempt.username, at__gt=since)
    by_address = LoginAttempt.filter(address=attempt.address, at__gt=since)
    for attempts, allowed in ((by_account, limit), (by_address, limit * ADDRESS_FACTOR)):
        if await attempts.count() > allowed:
            await LoginAttempt.filter(id=attempt.id).delete()
            oldest = await attempts.order_by("at").first()
            wait = (oldest.at + WINDOW - attempt.at) if oldest else WINDOW
            raise TooMany(
                N_("Too many failed sign-ins. Wait, or ask the administrator for a new password."),
                retry_after=max(int(wait.total_seconds()), 1),
                code="sign_in.too_many",
            )


def code_step(secret: str, code: str) -> int | None:
    """The 30-second step a code belongs to, now or one off; None when it does not fit."""
    digits = "".join(str(int(char)) for char in code if char.isdecimal())
    maker = pyotp.TOTP(secret)
    now_step = int(clock.now().timestamp()) // STEP_SECONDS
    for step in (now_step, now_step - 1, now_step + 1):
        if hmac.compare_digest(maker.generate_otp(step), digits):
            return step
    return None


async def take_code(account: Account, code: str) -> bool:
    """Whether the code fits and was not used before; the conditional update lets one of two twins pass."""
    step = code_step(account.totp_secret, code)
    if step is None:
        return False
    return bool(await Account.filter(id=account.id, totp_last_step__lt=step).update(totp_last_step=step))


async def save_preferences(
    account: Account, *, locale: str, theme: str, timezone: str, letter_keys: bool
) -> None:
    """How pages look for this person."""
    await Account.filter(id=account.id).update(
        locale=locale, theme=theme, timezone=timezone, letter_keys=letter_keys
    )


async def start_second_factor(account: Account, secret: str, code: str) -> None:
    """From now on sign-in asks for a code. Invalid when the code was not made from the secret."""
    step = code_step(secret, code)
    if step is None:
        raise Invalid(WRONG_CODE, fields={"code": WRONG_CODE}, code="totp.code")
    await Account.filter(id=account.id).update(totp_secret=secret, totp_last_step=step)
    events.info("second factor started", account=str(account.id))


async def stop_second_factor(passwords: Passwords, account: Account, current: str) -> None:
    """Sign-in asks for the password alone again. Invalid when the password is wrong."""
    await confirm_password(passwords, account, current, field="current")
    await Account.filter(id=account.id).update(totp_secret="", totp_last_step=0)
    events.info("second factor stopped", account=str(account.id))


async def unlink_company(
    passwords: Passwords, account: Account, current: str, *, keep_session: UUID | None, noted: Noted
) -> None:
    """Take one's own link to the identity provider off. Invalid when the password, the way in that stays, is wrong."""
    await confirm_password(passwords, account, current, field="company_current")
    async with transaction():
        await accounts.unlink_company_sign_in(account, keep_session=keep_session)
        await noted("account.unlinked")


async def allow_company(account: Account, noted: Noted) -> None:
    """Let the next sign-in at the identity provider be linked again."""
    async with transaction():
        await accounts.allow_company_sign_in(account)
        await noted("account.linkable")


async def confirm_password(
    passwords: Passwords, account: Account, password: str, *, field: str = "present"
) -> None:
    """Invalid, at `field`, unless this is the account's password."""
    if not await passwords.check(password, account.password_hash):
        wrong = N_("This is not your present password.")
        raise Invalid(wrong, fields={field: wrong}, code="password.wrong")


async def make_token(
    account: Account, person: Person, *, name: str, scopes: Collection[str], days: int
) -> str:
    """A new API token; the text is given once and never again. Scopes must be rights the person has."""
    if not 1 <= days <= 3_650:
        wrong = N_("Enter between 1 and 3650 days.")
        raise Invalid(wrong, fields={"days": wrong})
    foreign = [scope for scope in scopes if scope not in person.grants]
    if foreign:
        wrong = N_("A token can only have rights that you have.")
        raise Invalid(wrong, fields={"scopes": wrong})
    token = f"tl_{new_token()}"
    now = clock.now()
    await ApiToken.create(
        token_hash=token_hash(token),
        name=name,
        account=account,
        scopes=sorted(scopes),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    events.info("api token made", account=str(account.id), name=name)
    return token


async def revoke_token(account: Account, token_id: UUID) -> None:
    """Stop a token at once; a second call changes nothing. NotFound for a token of somebody else."""
    row = await ApiToken.get_or_none(id=token_id, account_id=account.id)
    if row is None:
        raise NotFound()
    await ApiToken.filter(id=token_id, revoked_at=None).update(revoked_at=clock.now())
    events.info("api token revoked", account=str(account.id), token=str(token_id))


def new_secret() -> str:
    """A secret for the second factor, as apps take it."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return "".join(secrets.choice(alphabet) for _ in range(32))
