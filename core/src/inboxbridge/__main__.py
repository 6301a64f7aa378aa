"""``python -m inboxbridge`` is the command ``inboxbridge``."""

from inboxbridge.cli import main

if __name__ == "__main__":
    main()
