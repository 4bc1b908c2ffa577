"""What a database URL says, also of a server that is asked through its socket."""

import pytest

from shared.database.context import connection_config, session_parameters
from shared.errors import Invalid


@pytest.mark.parametrize(
    ("url", "host", "port", "database"),
    [
        ("postgres://ann@db.example.com:5433/branch?pool=3", "db.example.com", 5433, "branch"),
        ("postgres://ann@/branch", "127.0.0.1", 5432, "branch"),
        ("postgres://ann@/branch?host=/var/run/postgresql", "/var/run/postgresql", 5432, "branch"),
        ("postgres://ann@:5433/branch?pool=3&host=/srv/sockets", "/srv/sockets", 5433, "branch"),
    ],
)
def test_the_server_is_named_by_address_or_by_the_folder_of_its_socket(url, host, port, database):
    found = session_parameters(url)
    assert (found["host"], found["port"], found["user"], found["database"]) == (host, port, "ann", database)


def test_only_what_asyncpg_knows_reaches_a_connection_of_its_own():
    assert "maxsize" not in session_parameters("postgres://ann@/branch?pool=3")
    assert connection_config("postgres://ann@/branch?pool=3")["credentials"]["maxsize"] == 3


def test_another_scheme_is_refused_in_words():
    with pytest.raises(Invalid):
        connection_config("mysql://ann@/branch")
