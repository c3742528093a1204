"""No password of a tracking address in any text."""

import pytest

from longtail.tracking.address import check_experiment, redacted, sqlite_file

PASSWORD = "s3cr/et@x%21"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://ada:pass@host:5000/api", "http://***@host:5000/api"),
        ("postgresql+psycopg2://ada:p%40ss@db/mlflow", "postgresql+psycopg2://***@db/mlflow"),
        ("two: http://a:b@x, https://c:d@y/", "two: http://***@x, https://***@y/"),
        ("mysql://h/d?user=ada&password=pass&x=1", "mysql://h/d?user=ada&password=***&x=1"),
        ("sqlite:////runs/a@b/mlflow.db", "sqlite:////runs/a@b/mlflow.db"),
        ("http://host:5000/a@b and ada@host", "http://host:5000/a@b and ada@host"),
    ],
)
def test_credentials_in_addresses_are_hidden(text: str, said: str) -> None:
    assert redacted(text) == said


def test_a_password_is_hidden_where_it_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ada:{PASSWORD}@host:5000")
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken")
    address = f"cannot reach http://ada:{PASSWORD}@host:5000/api"
    assert redacted(address) == "cannot reach http://***@host:5000/api"
    assert redacted(f"login ada {PASSWORD} t0ken") == "login ada *** ***"
    assert redacted("s3cr/et@x! as it is sent") == "*** as it is sent"
    assert redacted(ValueError(f"ada:{PASSWORD}@")) == "***@"


def test_an_address_without_credentials_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://host:5000")
    assert redacted("http://host:5000: host 5000 refused") == "http://host:5000: host 5000 refused"


def test_the_file_of_a_store_is_known_from_its_address() -> None:
    assert str(sqlite_file("sqlite:////runs/mlflow.db?timeout=3")) == "/runs/mlflow.db"
    assert str(sqlite_file("sqlite:///mlflow.db")) == "mlflow.db"
    assert sqlite_file("sqlite:///:memory:") is None
    assert sqlite_file("http://host/sqlite:///x") is None


@pytest.mark.parametrize("name", ["", " "])
def test_an_experiment_without_a_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="--experiment"):
        check_experiment(name)
