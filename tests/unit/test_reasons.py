"""The vocabulary is complete wherever it is used."""

from keyhole.errors import NotUtf8, ProtocolError, SecurityRefused, SessionEnded
from keyhole.reasons import CHECKS, WORDS, Reason
from keyhole.relay.endings import Ending, ending_of_target, ending_of_viewer
from keyhole.statuses import STATUSES

CLOSE_CODES = {reason: row.close for reason, row in STATUSES.items() if row.close is not None}


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(CHECKS) == set(Reason)
    assert all(words.title and words.says for words in WORDS.values())
    assert all(CHECKS.values())


def test_close_codes_are_ones_that_may_be_sent_and_fit_a_frame() -> None:
    assert all(code in (1000, 1001, 1002, 1009, 1011) or 4000 <= code < 5000 for code in CLOSE_CODES.values())
    private = [code for code in CLOSE_CODES.values() if code >= 4000]
    assert len(private) == len(set(private))
    assert all(len(Ending(reason).text.encode()) <= 123 for reason in CLOSE_CODES)


def test_the_same_failure_blames_the_side_that_it_came_from() -> None:
    assert ending_of_target(ProtocolError("x")).text == "target_protocol_error: x"
    assert ending_of_viewer(ProtocolError("x")).text == "viewer_protocol_error: x"
    assert ending_of_viewer(NotUtf8("x")).text == "viewer_protocol_error: x"
    assert (ending_of_viewer(NotUtf8("x")).code, ending_of_viewer(ProtocolError("x")).code) == (1007, 1002)
    assert ending_of_target(SecurityRefused("no")).text == "target_security_refused: no"
    assert ending_of_target(SessionEnded(Reason.TARGET_CLOSED)).text == "target_closed"
