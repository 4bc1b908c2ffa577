"""Indexes that only headquarters needs, beside those of the records: what figures and lists look for across branches.

All are partial, so that rows outside them cost nothing to write.
"""

from shared.database.access import connection

INDEXES = """
CREATE INDEX IF NOT EXISTS hq_receivable_cancelled ON receivable (branch, cancelled_on) WHERE cancelled_on IS NOT NULL;
CREATE INDEX IF NOT EXISTS hq_customer_contact ON customer (last_contact_on, branch, id)
  WHERE merged_into_id IS NULL AND deleted_at IS NULL AND status IN ('prospect', 'customer');
CREATE INDEX IF NOT EXISTS hq_customer_never ON customer (branch, acquired_on, id)
  WHERE last_contact_on IS NULL AND merged_into_id IS NULL AND deleted_at IS NULL AND status IN ('prospect', 'customer');
CREATE INDEX IF NOT EXISTS hq_order_cancelled ON sales_order (cancelled_on, id) WHERE cancelled_on IS NOT NULL;
"""


async def install() -> None:
    """Create what is missing in the current database; called after migrating headquarters, may be called again."""
    await connection().execute_script(INDEXES)
