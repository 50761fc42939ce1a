"""Every SQL statement that the store runs, built once: building one takes longer than running it.

The bound names are `hash`, `now` and `before`; those of the inserts are the columns.
"""

from sqlalchemy import bindparam, delete, insert, select, update

from keyhole.store.tables import grants, identity_tokens

_THIS_GRANT = grants.c.token_hash == bindparam("hash")
_THIS_TOKEN = identity_tokens.c.token_hash == bindparam("hash")

ADD_GRANT = insert(grants)
FIND_GRANT = select(grants).where(_THIS_GRANT)
REDEEM_REUSABLE_GRANT = (
    update(grants)
    .where(_THIS_GRANT, grants.c.expires_at > bindparam("now"))
    .values(redeemed_at=bindparam("now"))
    .returning(grants)
)
REDEEM_GRANT = REDEEM_REUSABLE_GRANT.where(grants.c.redeemed_at.is_(None))
RELEASE_GRANT = update(grants).where(_THIS_GRANT).values(redeemed_at=None)
SWEEP_GRANTS = delete(grants).where(grants.c.expires_at < bindparam("before"))

ADD_TOKEN = insert(identity_tokens)
FIND_TOKEN = select(identity_tokens).where(_THIS_TOKEN, identity_tokens.c.expires_at > bindparam("now"))
REVOKE_TOKEN = delete(identity_tokens).where(_THIS_TOKEN)
SWEEP_TOKENS = delete(identity_tokens).where(identity_tokens.c.expires_at < bindparam("before"))
