"""What keeps it alive, and shows it.

The core (`child_spec`, `restart_policy`, `tree`, `health`, `cluster`, `control_loop`, stores) never imports `actors`:
it handles names, factories and bytes. Only `app`, `cli` and `panel` know both halves. `ray` is imported in `cluster`
alone.
"""
