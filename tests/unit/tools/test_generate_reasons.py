"""The page's copy of the vocabulary is the vocabulary."""

import json

from tools import generate_reasons

from keyhole.reasons import WORDS, Reason


def test_the_committed_copy_is_what_the_vocabulary_gives() -> None:
    assert generate_reasons.COPY.read_text(encoding="utf-8") == generate_reasons.render()


def test_the_copy_has_every_reason_with_its_words() -> None:
    copy = json.loads(generate_reasons.render())
    assert list(copy) == [reason.value for reason in WORDS]
    assert set(copy) == {reason.value for reason in Reason}
    words = WORDS[Reason.TOKEN_USED]
    assert copy["token_used"] == {"title": words.title, "says": words.says, "next": words.next}
