"""Who stands behind which strategy, worked out when a configuration is stored, and kept beside it for screens.

Working it out needs the whole configuration's model, which costs a screen half of its time; so what is kept names the
configuration it was worked out of, by its hash, and serves for that one alone.
"""

import json
from hashlib import blake2b
from typing import Any, Final

from actors.places import Places

FILE: Final = "standing.json"
Backings = list[dict[str, Any]]


def keep(where: Places, backings: Backings) -> None:
    """Keep what was worked out of the configuration that is stored now."""
    fresh = where.state / f"{FILE}.new"
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps({"of": _hash(where.config.read_bytes()), "backings": backings}))
    fresh.replace(where.state / FILE)


def standing_behind(where: Places) -> Backings:
    """Return what stands behind each strategy; worked out anew where nothing was kept for this configuration."""
    try:
        config = where.config.read_bytes()
    except FileNotFoundError:
        return []
    try:
        kept = json.loads((where.state / FILE).read_bytes())
        if kept["of"] == _hash(config):
            found: Backings = kept["backings"]
            return found
    except (OSError, ValueError, KeyError, TypeError):
        pass
    from supervisor.app import preflight

    return [each.model_dump(mode="json") for each in preflight.standing_behind(where)]


def _hash(config: bytes) -> str:
    return blake2b(config, digest_size=16).hexdigest()
