"""QMP from the client's side: greeting, negotiation, commands, answers, events, and what a server must not send."""

import json

import pytest

from keyhole.errors import ProtocolError, TooLarge
from keyhole.protocols.qmp import MAX_LINE_BYTES, Failure, Notice, QmpClient, Ready, Reply

GREETING = (
    b'{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": ""}, "capabilities": ["oob"]}}\r\n'
)


def ready_client() -> QmpClient:
    client = QmpClient()
    client.receive_data(GREETING + b'{"return": {}, "id": 1}\r\n')
    assert client.events() == [Ready((7, 2, 22))]
    client.data_to_send()
    return client


def sent(client: QmpClient) -> list[dict[str, object]]:
    return [json.loads(message) for message in client.data_to_send()]


class TestNegotiation:
    def test_the_client_says_nothing_before_the_greeting(self) -> None:
        assert QmpClient().data_to_send() == []

    def test_the_greeting_is_answered_by_leaving_negotiation_mode(self) -> None:
        client = QmpClient()
        client.receive_data(GREETING)
        assert sent(client) == [{"execute": "qmp_capabilities", "id": 1}]
        assert client.events() == []
        assert not client.ready

    def test_commands_are_taken_only_after_ready(self) -> None:
        client = QmpClient()
        client.receive_data(GREETING)
        with pytest.raises(RuntimeError):
            client.execute("query-name")
        client.receive_data(b'{"return": {}, "id": 1}\r\n')
        assert client.ready
        client.execute("query-name")

    def test_events_may_come_before_ready(self) -> None:
        client = QmpClient()
        client.receive_data(GREETING + b'{"event": "RESUME"}\n{"return": {}, "id": 1}\n')
        assert client.events() == [Notice("RESUME", {}), Ready((7, 2, 22))]

    def test_a_refused_negotiation_is_a_protocol_error(self) -> None:
        client = QmpClient()
        client.receive_data(GREETING)
        with pytest.raises(ProtocolError, match="negotiation"):
            client.receive_data(b'{"error": {"class": "GenericError", "desc": "no"}, "id": 1}\n')


class TestCommands:
    def test_a_command_is_one_line_of_json_with_its_number(self) -> None:
        client = ready_client()
        assert client.execute("query-status") == 2
        assert client.execute("qom-get", {"path": "/machine", "property": "type"}) == 3
        messages = client.data_to_send()
        assert all(message.endswith(b"\n") and message.count(b"\n") == 1 for message in messages)
        assert [json.loads(message) for message in messages] == [
            {"execute": "query-status", "id": 2},
            {"execute": "qom-get", "id": 3, "arguments": {"path": "/machine", "property": "type"}},
        ]

    def test_answers_carry_the_number_of_their_command(self) -> None:
        client = ready_client()
        first, second = client.execute("query-status"), client.execute("nonsense")
        client.receive_data(b'{"return": {"status": "running"}, "id": 2}\r\n')
        client.receive_data(b'{"id": 3, "error": {"class": "CommandNotFound", "desc": "not\\nfound"}}\r\n')
        assert client.events() == [
            Reply(first, {"status": "running"}),
            Failure(second, "CommandNotFound", "not?found"),
        ]

    @pytest.mark.parametrize("value", [None, True, 0, -1.5, "text", [], [1, {"a": []}]])
    def test_a_reply_may_be_any_json_value(self, value: object) -> None:
        client = ready_client()
        number = client.execute("anything")
        client.receive_data(json.dumps({"return": value, "id": number}).encode() + b"\n")
        assert client.events() == [Reply(number, value)]

    def test_events_between_answers_are_told_apart(self) -> None:
        client = ready_client()
        number = client.execute("system_reset")
        client.receive_data(
            b'{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "RESET", "data": {"guest": false}}\r\n'
            b'{"return": {}, "id": 2}\r\n'
        )
        assert client.events() == [Notice("RESET", {"guest": False}), Reply(number, {})]


class TestWhatAServerMustNotSend:
    @pytest.mark.parametrize(
        "greeting",
        [
            b"RFB 003.008\n",
            b"\xff\xfe\n",
            b"\n",
            b"[]\n",
            b"{}\n",
            b'{"QMP": 1}\n',
            b'{"QMP": {"version": {"qemu": {"major": "7", "minor": 2, "micro": 2}}}}\n',
            b'{"event": "RESET"}\n',
            b"[" * 100_000 + b"\n",
            b'{"QMP": ' + b"9" * 5000 + b"}\n",
        ],
    )
    def test_something_else_than_a_greeting(self, greeting: bytes) -> None:
        with pytest.raises(ProtocolError):
            QmpClient().receive_data(greeting)

    @pytest.mark.parametrize(
        "message",
        [
            {"id": 2},
            {"return": {}},
            {"return": {}, "id": 3},
            {"return": {}, "id": 1},
            {"return": {}, "id": True},
            {"return": {}, "id": "2"},
            {"return": {}, "id": 2.0},
            {"error": {"class": "GenericError", "desc": "JSON parse error"}},
            {"error": "bad", "id": 2},
            {"error": {"class": "GenericError"}, "id": 2},
            {"error": {"class": 1, "desc": "x"}, "id": 2},
            {"event": 1},
            {"event": "RESET", "data": []},
        ],
    )
    def test_a_message_out_of_form(self, message: dict[str, object]) -> None:
        client = ready_client()
        client.execute("query-status")
        with pytest.raises(ProtocolError):
            client.receive_data(json.dumps(message).encode() + b"\n")
        assert client.events() == []

    def test_the_same_answer_twice(self) -> None:
        client = ready_client()
        client.execute("query-status")
        client.receive_data(b'{"return": {}, "id": 2}\n')
        with pytest.raises(ProtocolError):
            client.receive_data(b'{"return": {}, "id": 2}\n')

    def test_a_line_beyond_the_limit(self) -> None:
        client = ready_client()
        client.receive_data(b" " * (MAX_LINE_BYTES - 1))
        with pytest.raises(TooLarge):
            client.receive_data(b" ")

    def test_the_end_while_something_is_missing(self) -> None:
        with pytest.raises(ProtocolError, match="greeting"):
            QmpClient().receive_eof()
        with pytest.raises(ProtocolError):
            ready_client().receive_eof()
