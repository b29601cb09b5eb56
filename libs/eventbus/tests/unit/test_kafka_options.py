"""TLS and SASL cannot be tried against the packaged broker, so what the client is told is checked here."""

from __future__ import annotations

from semblance.eventbus import BrokerSettings
from semblance.eventbus.kafka_options import client_options


def test_plain_text_names_no_credentials() -> None:
    options = client_options(BrokerSettings("a:1,b:2"))
    assert options["bootstrap_servers"] == ["a:1", "b:2"]
    assert options["security_protocol"] == "PLAINTEXT"
    assert not [name for name in options if name.startswith(("ssl", "sasl"))]


def test_tls_and_sasl_reach_the_client() -> None:
    settings = BrokerSettings(
        "a:1",
        security_protocol="SASL_SSL",
        ssl_cafile="ca.pem",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="training",
        sasl_password="not shown",
    )
    options = client_options(settings)
    assert options["security_protocol"] == "SASL_SSL"
    assert options["ssl_cafile"] == "ca.pem"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert options["sasl_plain_username"] == "training"
    assert options["sasl_plain_password"] == "not shown"
    assert "not shown" not in repr(settings)
