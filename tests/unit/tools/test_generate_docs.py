"""The generated references say everything that the code says, and nothing else."""

from tools.generate_docs import configuration, summary_of

from keyhole.config import Settings


def test_a_summary_is_a_whole_paragraph_on_one_line() -> None:
    def subject() -> None:
        """One sentence that goes on
        in a second line. And another.

        No more than that.
        """

    assert summary_of(subject) == "One sentence that goes on in a second line. And another."


def test_each_section_begins_with_a_whole_sentence() -> None:
    text = configuration()
    for name in ("server", "limits", "identity"):
        _, _, after = text.partition(f"## `[{name}]`\n")
        assert after.splitlines()[0].endswith("."), name
    assert set(Settings.model_fields) >= {"server", "limits", "identity"}
