"""For any changes in any order, each server is listed at most once, and found where it is listed."""

from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.drivers import FakeDriver

from keyhole.core.server_index import Known
from keyhole.model import Change, Changed, ConsoleMoved, Gone, Listed, Moving, Server, Stopped, Unreachable

IDS = st.sampled_from("abcd")
SCOPES = st.sampled_from(["", "host1", "host2"])
SERVERS = st.builds(Server, IDS, st.text(max_size=3), st.sampled_from(["p1", "p2"]))
CHANGES = st.one_of(
    st.builds(Listed, st.lists(SERVERS, max_size=4, unique_by=lambda one: one.id).map(tuple), SCOPES),
    st.builds(Changed, SERVERS, SCOPES),
    st.builds(Moving, IDS),
    st.builds(ConsoleMoved, IDS, st.just("moved")),
    st.builds(Stopped, IDS, st.just("crashed")),
    st.builds(Gone, IDS),
    st.builds(Unreachable, st.just("It is down."), SCOPES),
)


@given(st.lists(CHANGES, max_size=20))
def test_each_server_is_listed_once_and_found(changes: list[Change]) -> None:
    known = Known(FakeDriver(), lambda: 0.0)
    for change in changes:
        known.apply(change)
        listed = list(known.servers)
        assert len({one.id for one in listed}) == len(listed)
        assert all(known.find(one.id) == one for one in listed)
        assert not (known.is_complete and any(known.problems))
        if isinstance(change, Listed):
            assert {one.id for one in change.servers} <= {one.id for one in listed}
        if isinstance(change, Gone):
            assert known.find(change.server_id) is None
