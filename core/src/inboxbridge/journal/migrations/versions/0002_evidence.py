"""What is known of an attempt beyond its moment, and when a source says that its event happened.

Revision: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("attempt_after", sa.Text))
    op.add_column("events", sa.Column("look_since", sa.Double))
    op.add_column("events", sa.Column("looks", sa.Integer, nullable=False, server_default="0"))
    op.add_column("events", sa.Column("occurred_at", sa.Double))
