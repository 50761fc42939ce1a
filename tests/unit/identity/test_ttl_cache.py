from keyhole.identity.ttl_cache import TtlCache


def test_a_value_is_there_until_its_time() -> None:
    kept: TtlCache[str] = TtlCache(10)
    kept.keep("a", "value", until=5.0)
    assert kept.find("a", 4.9) == "value"
    assert kept.find("a", 5.0) is None
    assert len(kept) == 0
    assert kept.find("b", 0.0) is None


def test_a_value_that_is_false_is_a_value() -> None:
    kept: TtlCache[tuple[str, ...]] = TtlCache(1)
    kept.keep("a", (), until=5.0)
    assert kept.find("a", 0.0) == ()


def test_the_one_that_was_kept_longest_ago_goes_first() -> None:
    kept: TtlCache[int] = TtlCache(2)
    for number, key in enumerate(("a", "b", "a", "c")):
        kept.keep(key, number, until=9.0)
    assert [kept.find(key, 0.0) for key in ("a", "b", "c")] == [2, None, 3]
