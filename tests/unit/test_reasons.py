"""The vocabulary is complete wherever it is spoken."""

from keyhole.gateway.close_reasons import CLOSE_CODES, Ending
from keyhole.reasons import WORDS, Reason


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(Reason)
    assert all(words.title and words.says for words in WORDS.values())


def test_close_codes_are_ones_that_may_be_sent_and_fit_a_frame() -> None:
    assert all(code in (1000, 1001, 1002, 1011) or 4000 <= code < 5000 for code in CLOSE_CODES.values())
    private = [code for code in CLOSE_CODES.values() if code >= 4000]
    assert len(private) == len(set(private))
    assert all(len(Ending(reason).text.encode()) <= 123 for reason in CLOSE_CODES)
