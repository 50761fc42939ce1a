"""Every SQL statement that the store runs, built once: building one takes longer than running it.

A new one is a constant here and a method of `SqlStore` that runs it. Every value is a `bindparam` and is passed to the
database driver unchanged: `tables.py` converts values to text, numbers or None. The bound names are `hash`, `now`,
`before`, `credential` and `user`; those of the inserts are the columns.
"""

from sqlalchemy import bindparam, delete, exists, insert, null, select, update

from keyhole.store.sql.tables import application_credentials, grants, identity_tokens

_THIS_GRANT = grants.c.token_hash == bindparam("hash")
_THIS_TOKEN = identity_tokens.c.token_hash == bindparam("hash")
_THIS_CREDENTIAL = application_credentials.c.id == bindparam("credential")

ADD_GRANT = insert(grants)
FIND_GRANT = select(grants).where(_THIS_GRANT)
REDEEM_REUSABLE_GRANT = (
    update(grants)
    .where(_THIS_GRANT, grants.c.expires_at > bindparam("now"), grants.c.revoked_at.is_(None))
    .values(redeemed_at=bindparam("now"))
    .returning(grants)
)
REDEEM_GRANT = REDEEM_REUSABLE_GRANT.where(grants.c.redeemed_at.is_(None))
RELEASE_GRANT = update(grants).where(_THIS_GRANT).values(redeemed_at=null())
SWEEP_GRANTS = delete(grants).where(grants.c.expires_at < bindparam("before"))

ADD_TOKEN = insert(identity_tokens)
FIND_TOKEN = select(identity_tokens).where(_THIS_TOKEN, identity_tokens.c.expires_at > bindparam("now"))
REVOKE_TOKEN = delete(identity_tokens).where(_THIS_TOKEN)
SWEEP_TOKENS = delete(identity_tokens).where(identity_tokens.c.expires_at < bindparam("before"))

ADD_CREDENTIAL = insert(application_credentials).from_select(
    [column.name for column in application_credentials.c],
    select(*(bindparam(column.name, type_=column.type) for column in application_credentials.c)).where(
        ~exists().where(
            application_credentials.c.user_id == bindparam("user_id"),
            application_credentials.c.name == bindparam("name"),
        )
    ),
)
"""Adds nothing if the user already has a credential of that name."""
FIND_CREDENTIAL = select(application_credentials).where(_THIS_CREDENTIAL)
LIST_CREDENTIALS = (
    select(application_credentials)
    .where(application_credentials.c.user_id == bindparam("user"))
    .order_by(application_credentials.c.created_at, application_credentials.c.id)
)
DELETE_CREDENTIAL = delete(application_credentials).where(_THIS_CREDENTIAL)
