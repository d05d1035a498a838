"""Builds the children that tell people: the notifier and the analyst."""

from actors.analyst import Analyst, AnalystSettings
from actors.latch import tighten
from actors.notifier import Notifier, NotifierSettings
from actors.outbox import Outbox
from actors.ports import Shell
from supervisor.app.alert_channels import advice, alert_channels, origin
from supervisor.app.reports.making import reporter
from supervisor.app.workplace import Workplace
from supervisor.child_spec import ChildContext
from supervisor.journal_watch import JournalWatch


def notifier(context: ChildContext) -> Shell:
    """Build the notifier with every way out that the configuration names."""
    place = Workplace.child(context)
    section = place.config.notifier
    ways_out, ways = alert_channels(place.config, place.places, place.redactor)
    return Notifier(
        stream=place.stream(),
        clock=place.clock,
        watermark=place.watermark(),
        outbox=Outbox(place.places.outbox, ways),
        channels=ways_out,
        ways=ways,
        origin=origin(place.config),
        policy=section,
        settings=NotifierSettings(
            fallback_after_s=section.fallback_after_s,
            down_s=section.down_s,
            resend_interval_s=section.resend_interval_s,
            pending_max=section.pending_max,
        ),
        clean=place.redactor.clean,
        requests=place.places.alert_requests,
        advice=advice(),
    )


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
