"""The authority's answers over HTTP."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from imgmatch.errors import InputError, TokenError
from imgmatch.evidence.transport import http_transport


class Authority(BaseHTTPRequestHandler):
    """Echoes a request, or answers with something that is not HTTP."""

    def do_POST(self):
        request = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/broken":
            self.wfile.write(b"no status line\r\n\r\n")
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(request)

    def log_message(self, *_):
        """Print nothing."""


@pytest.fixture(scope="module")
def address():
    with HTTPServer(("127.0.0.1", 0), Authority) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_http_transport_posts_the_request_and_returns_the_answer(address):
    assert http_transport(f"{address}/tsa")(b"request") == b"request"


def test_http_transport_reports_an_answer_that_is_not_http(address):
    with pytest.raises(TokenError, match="did not answer"):
        http_transport(f"{address}/broken")(b"request")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "http://127.0.0.1:no/", "http:// a"]
)
def test_http_transport_reports_an_address_that_cannot_be_reached(url):
    with pytest.raises(TokenError, match="did not answer"):
        http_transport(url)(b"request")


def test_http_transport_refuses_other_schemes():
    with pytest.raises(InputError, match="want an http or https address"):
        http_transport("ftp://127.0.0.1/")
