"""``python -m kamlib`` is ``kam``."""

from kamlib.cli import main

raise SystemExit(main())
