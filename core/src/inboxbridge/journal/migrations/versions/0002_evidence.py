"""Evidence of attempts, when a source says that its event happened, and ids beyond their events.

Revision: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("events", sa.Column("attempt_after", sa.Text))
    op.add_column("events", sa.Column("look_since", sa.Double))
    op.add_column("events", sa.Column("looks", sa.Integer, nullable=False, server_default="0"))
    op.add_column("events", sa.Column("occurred_at", sa.Double))
    op.create_table(
        "seen",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_seen_at", "seen", ["at"])
    op.create_table(
        "probes",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("filler", sa.LargeBinary, nullable=False),
    )
