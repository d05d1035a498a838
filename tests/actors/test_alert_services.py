"""Each service's own Apprise plug-in, sent for real to a listener on loopback.

Where a plug-in knows its service's host by itself (Slack, Discord, Telegram, Twilio, Pushover), that one constant is
pointed at the listener; all that is sent is the plug-in's. ntfy, e-mail and the webhook take a host in their URL.
"""

import base64
import email
import email.policy
import html
import json
import queue
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from actors.channels import AppriseChannel
from actors.domain.alerts.alert import Alert, Level, handle
from actors.domain.alerts.message import Origin, write
from tests.notifier_rig import AT

NAKED = Alert(
    alert_id="a",
    code="A040",
    level=Level.P0,
    subject="naked-condor-1",
    text="condor-1 is short 2 SPX 5,890p for 6.1 s, limit 5 s: <3 of 4 legs filled> & one is not.",
    done="The unwinding went out at 2.50.",
    todo="holdfast order condor-1",
    at=AT,
)
MESSAGE = write(NAKED, Origin(mode="live", host="desk", account_tail="8841"), repeated=False)
SAID = (
    "LIVE ...8841 P0 naked-condor-1",
    "condor-1 is short 2 SPX 5,890p for 6.1 s, limit 5 s: <3 of 4 legs filled> & one is not.",
    "Done: The unwinding went out at 2.50.",
    "You can: holdfast order condor-1",
    f"A040 · ack {handle(NAKED.key)} · Mon 23 Nov 10:00:00 ET · desk",
)
WAIT_S = 20
SID = "AC" + "0123456789abcdef" * 2


class Listener(ThreadingHTTPServer):
    """Takes any POST, and says yes as each service does."""

    def __init__(self) -> None:
        self.posts: queue.Queue[tuple[str, bytes, dict[str, str]]] = queue.Queue()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.posts.put((self.path, body, dict(self.headers)))
                is_slack = self.path.startswith("/services")
                answer = b"ok" if is_slack else b'{"ok": true, "status": 1, "result": {"message_id": 1}}'
                self.send_response(201 if "Messages.json" in self.path else 200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    server = Listener()
    with serving(server):
        yield server


def slack(body: bytes) -> str:
    (attachment,) = json.loads(body)["attachments"]
    return html.unescape(f"{attachment['title']}\n{attachment['text']}")  # Slack asks for &, < and > as entities


def discord(body: bytes) -> str:
    told = json.loads(body)
    parts = [told.get("content", "")]
    for each in told.get("embeds", ()):
        parts += [each.get("title", ""), each.get("description", "")]
    return "\n".join(parts)


def telegram(body: bytes) -> str:
    told = json.loads(body)
    assert str(told["chat_id"]) == "12315544"
    return told["text"]


def twilio(body: bytes) -> str:
    told = parse_qs(body.decode())
    assert (told["To"], told["From"]) == (["+15553334444"], ["+15551112222"])
    return told["Body"][0]


def pushover(body: bytes) -> str:
    told = {name: values[0] for name, values in parse_qs(body.decode()).items()}
    assert told["priority"] == "2", "it rings until somebody answers"
    return f"{told['title']}\n{told['message']}"


def ntfy(body: bytes) -> str:
    told = json.loads(body)
    assert told["topic"] == "desk"
    return f"{told['title']}\n{told['message']}"


def webhook(body: bytes) -> str:
    told = json.loads(body)
    assert told["type"] == "failure"
    return f"{told['title']}\n{told['message']}"


SERVICES = {
    "slack": (
        "slack://T1JHG2KL3/BHJKLMN12/abcdefghijklmnopqrstuvwx",
        ("apprise.plugins.slack", "NotifySlack", "webhook_url", "/services"),
        "/services/T1JHG2KL3/BHJKLMN12/abcdefghijklmnopqrstuvwx",
        slack,
    ),
    "discord": (
        "discord://417429632418316298/JHZ7lQml277CDHmQKMHI8qBe7bk2ZwO5",
        ("apprise.plugins.discord", "NotifyDiscord", "notify_url", "/api/webhooks"),
        "/api/webhooks/417429632418316298/JHZ7lQml277CDHmQKMHI8qBe7bk2ZwO5",
        discord,
    ),
    "telegram": (
        "tgram://123456789:abcdefghijklmnopqrstuvwxyz123456789/12315544/?format=text",
        ("apprise.plugins.telegram", "NotifyTelegram", "notify_url", "/bot"),
        "/bot123456789:abcdefghijklmnopqrstuvwxyz123456789/sendMessage",
        telegram,
    ),
    "twilio": (
        f"twilio://{SID}:0123456789abcdef0123456789abcdef@15551112222/15553334444",
        ("apprise.plugins.twilio", "NotifyTwilio", "notify_sms_url", "/2010-04-01/Accounts/{sid}/Messages.json"),
        f"/2010-04-01/Accounts/{SID}/Messages.json",
        twilio,
    ),
    "pushover": (
        "pover://uuuuuuuuuuuuuuuuuuuuuuuuuuuuuu@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?priority=emergency",
        ("apprise.plugins.pushover", "NotifyPushover", "notify_url", "/1/messages.json"),
        "/1/messages.json",
        pushover,
    ),
    "ntfy": ("ntfy://127.0.0.1:{port}/desk", None, "/", ntfy),
    "webhook": ("json://127.0.0.1:{port}/hook", None, "/hook", webhook),
}


def channel(url: str) -> AppriseChannel:
    return AppriseChannel(SecretStr(url), frozenset({Level.P0}), retries=0, wait_s=0)


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_told_whose_money_what_why_what_was_done_and_what_one_can_do(service, listener, monkeypatch):
    url, constant, path, said = SERVICES[service]
    if constant is not None:
        module, owner, name, where = constant
        monkeypatch.setattr(f"{module}.{owner}.{name}", f"{listener.url}{where}")
    assert channel(url.format(port=listener.server_port)).send(MESSAGE)
    asked, body, _ = listener.posts.get(timeout=WAIT_S)
    text = said(body)
    assert asked == path
    for part in SAID:
        assert part in text
    assert listener.posts.empty(), "one message is one request"


class Post(socketserver.StreamRequestHandler):
    """As much of SMTP as a message needs."""

    def handle(self) -> None:
        self.say("220 desk")
        lines: list[bytes] = []
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.say("354 go on")
                while (line := self.rfile.readline()) != b".\r\n":
                    lines.append(line)
                self.server.letters.put(b"".join(lines))
                self.say("250 taken")
            elif verb == b"QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


def test_an_e_mail_carries_the_same_words():
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Post)
    server.letters = queue.Queue()
    port = server.server_address[1]
    url = f"mailto://127.0.0.1:{port}?from=holdfast@desk.example&to=ann@desk.example&mode=insecure&format=text"
    with serving(server):
        assert channel(url).send(MESSAGE)
        letter = email.message_from_bytes(server.letters.get(timeout=WAIT_S), policy=email.policy.default)
    assert letter["To"] == "ann@desk.example"
    assert letter["Subject"] == SAID[0]
    text = letter.get_body(("plain",)).get_content()
    for part in SAID[1:]:
        assert part in text


def test_files_go_with_the_words_and_one_that_is_gone_keeps_nothing_back(listener, tmp_path):
    picture = tmp_path / "evening.png"
    picture.write_bytes(b"png")
    message = MESSAGE.model_copy(update={"attach": (str(picture), str(tmp_path / "gone.png"))})
    assert channel(f"json://127.0.0.1:{listener.server_port}/hook").send(message)
    _, body, _ = listener.posts.get(timeout=WAIT_S)
    (attached,) = json.loads(body)["attachments"]
    assert (attached["filename"], base64.b64decode(attached["base64"])) == ("evening.png", b"png")


def test_a_service_that_refuses_has_not_taken_it():
    assert not channel("json://127.0.0.1:1/hook").send(MESSAGE)


def test_a_secret_in_a_url_is_sent_to_nobody_but_its_service(listener):
    url = f"json://ann:pl4nted@127.0.0.1:{listener.server_port}/hook"
    each = channel(url)
    assert each.send(MESSAGE)
    _, body, headers = listener.posts.get(timeout=WAIT_S)
    assert "pl4nted" not in each.name + body.decode()
    assert base64.b64decode(headers["Authorization"].partition(" ")[2]) == b"ann:pl4nted"
