"""Builds the children that tell people: the notifier and the analyst."""

import socket

from pydantic import SecretStr

from actors.analyst import Analyst, AnalystSettings
from actors.channels import channels
from actors.config_sections import Target
from actors.credentials import CredentialMissing, credential
from actors.domain.alerts.message import Origin
from actors.latch import tighten
from actors.notifier import Notifier, NotifierSettings
from actors.outbox import Outbox
from actors.ports import Shell
from supervisor.app.reports.making import reporter
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext
from supervisor.journal_watch import JournalWatch


def notifier(context: ChildContext) -> Shell:
    """Build the notifier with every way out that the configuration names."""
    place = Workplace.child(context)
    section = place.config.notifier
    targets = {level: [_url(place, target) for target in named] for level, named in section.targets.items()}
    ways = channels(
        place.places.state / section.log_file, targets, retries=section.send_retries, wait_s=section.retry_wait_s
    )
    levels: dict[str, list[str]] = {
        level: [way.name for way in ways if level in way.levels] for way in ways for level in way.levels
    }
    return Notifier(
        stream=place.stream(),
        clock=place.clock,
        watermark=place.watermark(),
        outbox=Outbox(place.places.state / "outbox.jsonl", levels),
        channels=ways,
        origin=Origin(mode=place.config.runtime.mode.value.upper(), host=socket.gethostname()),
        settings=NotifierSettings(
            repeat_window_s=section.repeat_window_s,
            resend_interval_s=section.resend_interval_s,
            resend_age_max_s=section.resend_age_max_s,
            pending_max=section.pending_max,
        ),
        clean=place.redactor.clean,
    )


def _url(place: Workplace, target: Target) -> SecretStr | CredentialMissing:
    """Return an Apprise URL: the target itself, or the secret it names; a missing one is the notifier's to report."""
    try:
        secret = SecretStr(target) if "://" in target else credential(target)
    except CredentialMissing as missing:
        return missing
    place.redactor.learn(secret.get_secret_value())
    return secret


def analyst(context: ChildContext) -> Shell:
    """Build the analyst."""
    place = Workplace.child(context)
    disk = place.config.disk
    watch = JournalWatch(
        place.places.journal,
        events_max=disk.verify_events,
        pace_s=disk.verify_pace_s,
        again_s=disk.verify_every_s,
        boot_ns=place.clock.boot_ns,
    )
    return Analyst(
        name=place.name,
        stream=place.stream(("executor", "notifier"), ("executor", "data_feed")),
        clock=place.clock,
        watermark=place.watermark(),
        checkpoints=place.checkpoints(),
        settings=AnalystSettings(),
        verify=watch.look,
        tighten=lambda latch: tighten(place.places.latch, latch),
        reporter=reporter(place),
    )
