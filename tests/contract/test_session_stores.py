"""The contract of all stores for tickets, live sessions of many workers, and revoked consoles."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from tests.contract.test_stores import GRANT, NOW
from tests.fakes.memory_store import MemoryStore

from keyhole.model import LastAccess, SessionRecord, TerminationRequest, Ticket
from keyhole.ports.identity import ALIVE_SECONDS
from keyhole.ports.stores import AccessStore, GrantStore, RevocationStore, SessionStore, TicketStore
from keyhole.reasons import Reason
from keyhole.store.sql.store import SqlStore

TICKET = Ticket("ee" * 32, GRANT, seen_at=NOW)
SESSION = SessionRecord(
    id="a" * 32,
    worker="w1",
    ticket_hash=TICKET.secret_hash,
    grant=GRANT,
    viewer="[::1]:40000",
    opened_at=NOW,
    last_input_at=NOW + 0.5,
    to_viewer_bytes=2**40,
    to_target_bytes=7,
)
BARE = replace(SESSION, id="b" * 32, ticket_hash=None, opened_at=NOW + 1)


class Store(GrantStore, TicketStore, SessionStore, RevocationStore, AccessStore, Protocol):
    """All in one."""


@pytest.fixture(params=["sql", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    else:
        async with SqlStore.open(f"sqlite:///{tmp_path}/keyhole.db") as sql_store:
            yield sql_store


@pytest.fixture
async def busy(store: Store) -> Store:
    """A store with two sessions of a living worker."""
    await store.beat("w1", NOW)
    await store.add_sessions([SESSION, BARE])
    return store


async def listed(store: Store, **more: object) -> list[str]:
    found = await store.list_sessions(**{"alive_since": NOW, "count": 10, **more})  # type: ignore[arg-type]
    return [record.id[0] for record in found]


async def test_a_ticket_is_found_as_it_was_added(store: Store) -> None:
    ended = replace(
        TICKET, secret_hash="dd" * 32, opened_at=NOW, input_at=NOW + 2, ended=Reason.KILLED, ended_detail="ü"
    )
    await store.add_tickets([TICKET, ended])
    assert await store.find_ticket(TICKET.secret_hash) == TICKET
    assert await store.find_ticket(ended.secret_hash) == ended
    assert await store.find_ticket("00" * 32) is None


async def test_adding_again_changes_nothing(store: Store) -> None:
    await store.add_tickets([TICKET])
    await store.add_tickets([replace(TICKET, seen_at=NOW + 9)])
    await store.add_tickets([])
    assert await store.find_ticket(TICKET.secret_hash) == TICKET


async def test_what_changed_of_a_ticket_is_kept(store: Store) -> None:
    other = replace(TICKET, secret_hash="dd" * 32)
    await store.add_tickets([TICKET, other])
    later = replace(TICKET, seen_at=NOW + 5, opened_at=NOW + 1, input_at=NOW + 4)
    await store.update_tickets([later, replace(TICKET, secret_hash="00" * 32)])
    assert await store.find_ticket(TICKET.secret_hash) == later
    assert await store.find_ticket(other.secret_hash) == other
    assert await store.find_ticket("00" * 32) is None


async def test_of_several_endings_and_openings_of_a_ticket_the_first_counts(store: Store) -> None:
    await store.add_tickets([TICKET])
    killed = replace(TICKET, opened_at=NOW + 1, ended=Reason.KILLED, ended_detail="by ada")
    await store.update_tickets([killed])
    await store.update_tickets([replace(TICKET, seen_at=NOW - 5, opened_at=NOW + 7)])
    await store.update_tickets([replace(TICKET, opened_at=NOW + 7, ended=Reason.REVOKED, ended_detail="else")])
    assert await store.find_ticket(TICKET.secret_hash) == killed


async def test_sweeping_deletes_tickets_that_were_last_seen_before(store: Store) -> None:
    await store.add_tickets([TICKET, replace(TICKET, secret_hash="dd" * 32, seen_at=NOW - 1)])
    assert await store.sweep_tickets(NOW) == 1
    assert await store.find_ticket("dd" * 32) is None
    assert await store.find_ticket(TICKET.secret_hash) == TICKET


async def test_a_worker_is_new_once(store: Store) -> None:
    assert not await store.beat("w1", NOW)
    assert await store.beat("w1", NOW + 1)
    assert not await store.beat("w2", NOW + 1)
    await store.forget_worker("w1")
    assert not await store.beat("w1", NOW + 2)


async def test_sessions_are_found_as_they_were_added(busy: Store) -> None:
    assert await busy.find_session(SESSION.id, NOW) == SESSION
    assert await busy.find_session(BARE.id, NOW) == BARE
    assert await busy.find_session("c" * 32, NOW) is None
    assert list(await busy.sessions_of_ticket(TICKET.secret_hash, NOW)) == [SESSION]
    await busy.add_sessions([SESSION])
    assert await listed(busy) == ["b", "a"]


async def test_sessions_are_listed_page_by_page_the_newest_first(busy: Store) -> None:
    more = [replace(SESSION, id=letter * 32, opened_at=NOW - 1) for letter in "edc"]
    await busy.add_sessions(more)
    assert await listed(busy) == ["b", "a", "c", "d", "e"]
    assert await listed(busy, count=2) == ["b", "a"]
    assert await listed(busy, after=SESSION, count=2) == ["c", "d"]
    assert await listed(busy, after=more[0]) == []


async def test_sessions_of_a_project(busy: Store) -> None:
    await busy.add_sessions([replace(BARE, id="c" * 32, grant=replace(GRANT, project_id="p2"))])
    assert await listed(busy, project_id="p1") == ["b", "a"]
    assert await listed(busy, project_id="p2") == ["c"]
    assert await listed(busy, project_id="") == []


async def test_sessions_are_counted_for_each_limit_without_those_of_one_worker(busy: Store) -> None:
    elsewhere = replace(GRANT, user_id="u2", project_id="p2", server_id="s2")
    grants = [
        replace(elsewhere, server_id=GRANT.server_id),
        replace(elsewhere, user_id=GRANT.user_id),
        replace(elsewhere, project_id=GRANT.project_id),
        elsewhere,
    ]
    for number, grant in enumerate(grants):
        await busy.add_sessions([replace(BARE, id=f"{number}" * 32, worker="w2", grant=grant)])
    assert set((await busy.count_sessions(GRANT, "w1", NOW)).values()) == {0}, "before w2 was seen"
    await busy.beat("w2", NOW)

    async def counted(besides: str) -> list[int]:
        counts = await busy.count_sessions(GRANT, besides, NOW)
        kinds = (Reason.LIMIT_SERVER, Reason.LIMIT_USER, Reason.LIMIT_PROJECT, Reason.LIMIT_SESSIONS)
        return [counts[kind] for kind in kinds]

    assert await counted("w1") == [1, 1, 1, 4]
    assert await counted("w2") == [2, 2, 2, 2]
    assert await counted("w3") == [3, 3, 3, 6]


async def test_sessions_of_a_silent_worker_are_not_there(busy: Store) -> None:
    assert await busy.list_sessions(NOW + 1, count=10) == []
    assert await busy.find_session(SESSION.id, NOW + 1) is None
    assert list(await busy.sessions_of_ticket(TICKET.secret_hash, NOW + 1)) == []
    await busy.beat("w1", NOW + 1)
    assert await busy.find_session(SESSION.id, NOW + 1) == SESSION


async def test_sweeping_forgets_silent_workers_with_their_sessions(busy: Store) -> None:
    await busy.beat("w2", NOW + 1)
    await busy.add_sessions([replace(BARE, id="c" * 32, worker="w2")])
    await busy.sweep_sessions(NOW + 1)
    assert await listed(busy) == ["c"]
    assert not await busy.beat("w1", NOW + 1)


async def test_a_beat_from_before_the_clock_was_set_back_is_no_sign_of_life(busy: Store) -> None:
    day_before = NOW - 86400
    assert await listed(busy, alive_since=NOW - ALIVE_SECONDS) == ["b", "a"]
    assert await listed(busy, alive_since=day_before) == []
    assert await busy.find_session(SESSION.id, day_before) is None
    await busy.beat("w1", day_before)
    assert await busy.find_session(SESSION.id, day_before) == SESSION
    await busy.beat("w1", NOW)
    await busy.sweep_sessions(day_before)
    assert await listed(busy) == []
    assert not await busy.beat("w1", day_before)


async def test_input_and_traffic_are_kept(busy: Store) -> None:
    later = replace(SESSION, last_input_at=NOW + 9, to_viewer_bytes=2**41, to_target_bytes=8)
    await busy.touch_sessions([replace(later, viewer="other"), replace(later, id="c" * 32)])
    assert await busy.find_session(SESSION.id, NOW) == later
    assert await busy.find_session(BARE.id, NOW) == BARE


async def test_sessions_are_removed_and_workers_forgotten(busy: Store) -> None:
    await busy.remove_sessions([SESSION.id, "c" * 32])
    assert await listed(busy) == ["b"]
    await busy.forget_worker("w1")
    await busy.beat("w1", NOW)
    assert await listed(busy) == []


async def test_an_end_is_ordered_once_and_told_to_the_worker_only(busy: Store) -> None:
    order = TerminationRequest(SESSION.id, Reason.KILLED, "by ada")
    assert await busy.request_termination(order)
    assert not await busy.request_termination(TerminationRequest(SESSION.id, Reason.REVOKED))
    assert not await busy.request_termination(TerminationRequest("c" * 32, Reason.KILLED))
    assert list(await busy.pending_terminations("w1")) == [order]
    assert list(await busy.pending_terminations("w2")) == []
    await busy.remove_sessions([SESSION.id])
    assert list(await busy.pending_terminations("w1")) == []


async def test_the_sessions_of_a_ticket_are_ended(busy: Store) -> None:
    await busy.request_termination_of_ticket(TICKET.secret_hash, Reason.VIEWER_REPLACED, "")
    assert list(await busy.pending_terminations("w1")) == [TerminationRequest(SESSION.id, Reason.VIEWER_REPLACED, "")]


async def test_a_revoked_grant_opens_nothing(store: Store) -> None:
    await store.add_grant(GRANT)
    await store.revoke_console(GRANT.id, NOW, "")
    assert await store.redeem_grant(GRANT.token_hash, NOW, reusable=True) is None
    assert await store.find_grant(GRANT.token_hash) == replace(GRANT, revoked_at=NOW)


async def test_revoking_a_console_ends_its_tickets_and_sessions_and_no_others(busy: Store) -> None:
    elsewhere = replace(GRANT, token_hash="01" * 32, id="f" * 32)
    await busy.add_grant(GRANT)
    await busy.add_grant(elsewhere)
    await busy.add_tickets([TICKET, replace(TICKET, secret_hash="dd" * 32, grant=elsewhere)])
    await busy.add_sessions([replace(SESSION, id="c" * 32, grant=elsewhere)])
    await busy.revoke_console(GRANT.id, NOW, "by ada")
    ended = await busy.find_ticket(TICKET.secret_hash)
    assert ended is not None
    assert (ended.ended, ended.ended_detail) == (Reason.REVOKED, "by ada")
    assert await busy.find_ticket("dd" * 32) == replace(TICKET, secret_hash="dd" * 32, grant=elsewhere)
    orders = await busy.pending_terminations("w1")
    assert {order.session_id for order in orders} == {SESSION.id, BARE.id}
    assert {order.reason for order in orders} == {Reason.REVOKED}


async def test_a_session_that_is_written_down_after_its_grant_was_revoked_is_to_be_ended(store: Store) -> None:
    await store.add_grant(GRANT)
    await store.revoke_console(GRANT.id, NOW, "")
    await store.beat("w1", NOW)
    await store.add_sessions([SESSION])
    (order,) = await store.pending_terminations("w1")
    assert (order.session_id, order.reason) == (SESSION.id, Reason.REVOKED)


async def test_a_ticket_that_comes_after_its_grant_was_revoked_is_ended(store: Store) -> None:
    elsewhere = replace(TICKET, secret_hash="dd" * 32, grant=replace(GRANT, token_hash="01" * 32, id="f" * 32))
    killed = replace(TICKET, secret_hash="cc" * 32, ended=Reason.KILLED, ended_detail="by ada")
    await store.add_grant(GRANT)
    await store.revoke_console(GRANT.id, NOW, "")
    await store.add_tickets([TICKET, elsewhere, killed])
    assert await store.find_ticket(TICKET.secret_hash) == replace(TICKET, ended=Reason.REVOKED)
    assert await store.find_ticket(elsewhere.secret_hash) == elsewhere
    assert await store.find_ticket(killed.secret_hash) == killed


async def test_a_console_is_known_by_its_grant_or_what_is_left_of_it(store: Store) -> None:
    assert await store.grant_of_console(GRANT.id) is None
    await store.add_sessions([SESSION])
    assert await store.grant_of_console(GRANT.id) == GRANT
    await store.remove_sessions([SESSION.id])
    await store.add_tickets([TICKET])
    assert await store.grant_of_console(GRANT.id) == GRANT
    await store.add_grant(replace(GRANT, user_name="now"))
    found = await store.grant_of_console(GRANT.id)
    assert found is not None
    assert found.user_name == "now"


async def test_the_newest_redemption_of_each_server_is_known(store: Store) -> None:
    for letter, server_id, user_name, redeemed_at in (
        ("1", "s1", "ada", NOW + 1),
        ("2", "s1", "bob", NOW + 2),
        ("3", "s2", "ada", NOW + 3),
        ("4", "s3", "ada", None),
        ("5", "s4", "bob", NOW + 5),
    ):
        grant = replace(GRANT, token_hash=letter * 64, id=letter, server_id=server_id, user_name=user_name)
        await store.add_grant(replace(grant, redeemed_at=redeemed_at))
    found = await store.last_accesses(["s1", "s2", "s3", "s5", 'x"]'])
    assert found == {"s1": LastAccess("bob", NOW + 2), "s2": LastAccess("ada", NOW + 3)}
    assert await store.last_accesses([]) == {}


async def test_an_opening_is_known_as_long_as_its_ticket_or_session(busy: Store) -> None:
    assert await busy.last_accesses(["s1"]) == {}
    opened = replace(GRANT, redeemed_at=NOW + 1)
    await busy.add_tickets([replace(TICKET, grant=opened)])
    assert await busy.last_accesses(["s1"]) == {"s1": LastAccess("Ünal", NOW + 1)}
    await busy.add_sessions([replace(BARE, id="c" * 32, grant=replace(opened, user_name="ada", redeemed_at=NOW + 2))])
    assert await busy.last_accesses(["s1"]) == {"s1": LastAccess("ada", NOW + 2)}


async def test_of_a_thousand_servers_the_openings_are_found_at_once(store: Store) -> None:
    ids = [f"server-{number:0200}" for number in range(1000)]
    await store.add_grant(replace(GRANT, server_id=ids[-1], redeemed_at=NOW))
    assert list(await store.last_accesses(ids)) == [ids[-1]]
