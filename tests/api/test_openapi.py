"""The description of the partner API, for programs and for people."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from oauth_app.api.openapi_document import problems_by_code
from oauth_app.api.problem_table import HTTP_OF_ERROR


def test_every_route_is_described(app: Flask, client: FlaskClient) -> None:
    """The document has the routes of the application, no more and no fewer."""
    document = client.get("/hub/v1/openapi.json").get_json()
    described = {(path, method.upper()) for path, methods in document["paths"].items() for method in methods}
    routes = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/hub/v1/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert described == routes - {("/hub/v1/openapi.json", "GET")}


def test_the_document_is_openapi(client: FlaskClient) -> None:
    """It is valid OpenAPI 3.1."""
    validator = pytest.importorskip("openapi_spec_validator")
    validator.validate(client.get("/hub/v1/openapi.json").get_json())


def test_amounts_are_whole_numbers(client: FlaskClient) -> None:
    """No schema of the API has a number with a fraction."""
    assert '"number"' not in client.get("/hub/v1/openapi.json").text


def test_a_code_means_one_thing() -> None:
    """Errors that share a code share their status."""
    assert all(problems_by_code()[problem.code].status == problem.status for problem in HTTP_OF_ERROR.values())


def test_the_page_names_everything(client: FlaskClient) -> None:
    """The page for people has each operation and each problem's code."""
    page = client.get("/docs").text
    document = client.get("/hub/v1/openapi.json").get_json()

    assert all(path in page for path in document["paths"])
    assert all(f'id="{code}"' in page for code in problems_by_code())
