"""Who may look, and who may act: one-time links, signed cookies, tokens of forms; their keys lie in the state folder.

Rules of this file:
* A link is good once: whoever removes its file from `links` has used it. It names no session, and is kept as a hash.
* A cookie says which session and since when, signed with `key`; it outlives the server, not its time. Whoever removes
  `key` ends every session.
* A form's token is made of the session's own name: one of another session is none.
* `token` lets a program read (metrics, JSON), and do nothing else.
* All files are of mode 0600, in a folder of mode 0700.
"""

import hmac
import os
import secrets
import time
from hashlib import sha256
from pathlib import Path
from typing import Final

from itsdangerous import BadSignature, TimestampSigner

LINKS_MAX: Final = 100
_BYTES: Final = 32


class Entry:
    """The keys of one panel, and what they open."""

    def __init__(self, folder: Path, *, link_s: float, session_s: float) -> None:
        self._folder, self._links = folder, folder / "links"
        for each in (folder, self._links):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._link_s, self._session_s = link_s, session_s
        self._key = _secret(folder / "key")
        self._token = _secret(folder / "token")
        self._signer = TimestampSigner(self._key, salt="session", digest_method=sha256)
        self.cookie: Final = f"holdfast-{sha256(self._key + b'name').hexdigest()[:8]}"
        """Cookies are shared by all ports of a host, so each panel's has a name of its own."""

    def link(self) -> str:
        """Return the secret of a new link, good once."""
        old = sorted(self._links.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in old[: max(len(old) - LINKS_MAX, 0)]:
            path.unlink(missing_ok=True)
        secret = secrets.token_urlsafe(_BYTES)
        self._of(secret).touch(mode=0o600)
        return secret

    def use(self, secret: str) -> bool:
        """Return whether a link was good; from now on it is not."""
        path = self._of(secret)
        try:
            age_s = time.time() - path.stat().st_mtime
            path.unlink()
        except FileNotFoundError:
            return False
        return age_s <= self._link_s

    def admit(self) -> str:
        """Return a new session's cookie."""
        return self._signer.sign(secrets.token_urlsafe(_BYTES)).decode()

    def session(self, cookie: str | None) -> str | None:
        """Return the session a cookie is of; None where it is none of ours, or over."""
        try:
            return self._signer.unsign(cookie or "", max_age=int(self._session_s)).decode()
        except BadSignature:
            return None

    def form_token(self, session: str) -> str:
        """Return what a form of this session carries."""
        return hmac.new(self._key, b"form " + session.encode(), sha256).hexdigest()

    def is_form_of(self, session: str, token: str) -> bool:
        """Return whether a form was made for this session."""
        return hmac.compare_digest(self.form_token(session).encode(), token.encode())

    def may_read(self, token: str) -> bool:
        """Return whether a program may read."""
        return hmac.compare_digest(self._token.hex().encode(), token.encode())

    def _of(self, secret: str) -> Path:
        return self._links / sha256(secret.encode()).hexdigest()


def _secret(path: Path) -> bytes:
    """Return a secret that outlives us, made where there is none."""
    fresh = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        return bytes.fromhex(path.read_text())
    except FileNotFoundError:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_bytes(_BYTES).hex())
        try:
            path.hardlink_to(fresh)  # whoever came first is right
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        return bytes.fromhex(path.read_text())
