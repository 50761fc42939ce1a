"""For any facts of a platform, a server's owner is a bounded, printable text, or there is none."""

from hypothesis import given
from hypothesis import strategies as st

from keyhole.model import Facts, OwnerRule, OwnerSource, owners

TEXT = st.text(max_size=300)
FACTS = st.builds(
    Facts,
    metadata=st.dictionaries(TEXT, TEXT, max_size=3),
    keys=st.dictionaries(st.just("k"), TEXT),
    tags=st.lists(TEXT, max_size=3),
    pool=TEXT,
    namespace=TEXT,
    folder=TEXT,
    name=TEXT,
)
RULES = st.lists(
    st.builds(OwnerRule, st.sampled_from(OwnerSource), st.sampled_from(["", "k", "(.*)", "([a-z]+)-.*"])), max_size=4
)


@given(FACTS, RULES)
def test_an_owner_is_bounded_and_printable(facts: Facts, rules: list[OwnerRule]) -> None:
    found = list(owners(rules, facts))
    assert len(found) <= len(rules)
    assert all(0 < len(owner.text) <= 255 and owner.text.isprintable() for owner in found)
