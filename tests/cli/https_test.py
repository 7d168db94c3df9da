#!/usr/bin/env python3
"""TLS, HTTP/2 and proxies on the way to an app: what is trusted, what is refused, what is said.

  https_test.py PROBACKUP
"""

import base64
import http.server
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROBACKUP = os.path.abspath(sys.argv.pop(1))
MEMBER = b'{"id":"5b0","fullName":"A member","username":"member1"}'
TOKEN = "t" * 64


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.certificate = self.folder / "authority.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=Test authority", "-keyout", self.folder / "authority.key", "-out", self.certificate)

    def issue(self, name, days="2"):
        key, request, certificate = (self.folder / f"{name}{days}.{end}" for end in ("key", "csr", "pem"))
        extensions = self.folder / "extensions"
        extensions.write_text(f"subjectAltName=DNS:{name}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.folder / "authority.key",
                "-CAcreateserial", "-days", days, "-extfile", extensions, "-out", certificate)
        return str(certificate), str(key)


class App(http.server.BaseHTTPRequestHandler):
    """As much of Trello as `auth check` asks for."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        found = self.path.startswith("/1/members/me")
        body = MEMBER if found else b"not found"
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Proxy(http.server.BaseHTTPRequestHandler):
    """Tunnels, for those who give the password where one is asked for."""

    def do_CONNECT(self):
        self.server.asked.append(self.path)
        wanted = self.server.password and "Basic " + base64.b64encode(self.server.password).decode()
        if wanted and self.headers.get("Proxy-Authorization") != wanted:
            self.send_response(407)
            self.send_header("Proxy-Authenticate", "Basic realm=proxy")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as far:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=self.pump, args=(far, self.connection))
            back.start()
            self.pump(self.connection, far)
            back.join()

    def pump(self, source, target):
        try:
            while data := source.recv(65536):
                self.server.seen += data
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def log_message(self, *_):
        pass


class Https(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="probackup-https-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.authority = Authority(cls.folder)
        cls.localhost = cls.authority.issue("localhost")

    def serve(self, handler, certificate=None):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        server.asked, server.seen, server.password = [], bytearray(), None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server, server.server_address[1]

    def check(self, port, *arguments, code=0, **environment):
        full = {"PATH": os.environ["PATH"], "HOME": self.folder, "PROBACKUP_REPOSITORY": self.folder + "/repository",
                "PROBACKUP_PASSWORD": "secret", "PROBACKUP_TRELLO_KEY": "k" * 32, "PROBACKUP_TRELLO_TOKEN": TOKEN,
                "PROBACKUP_TRELLO_BASE_URL": f"https://localhost:{port}/1", **environment}
        done = subprocess.run([PROBACKUP, "auth", "check", "trello:member1", *arguments], env=full, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn(TOKEN, done.stdout + done.stderr)
        return done

    def trusting(self, port, *arguments, **more):
        return self.check(port, "--cacert", str(self.authority.certificate), *arguments, **more)

    def test_a_server_of_a_trusted_authority_is_asked(self):
        server, port = self.serve(App, self.localhost)
        self.assertIn("A member", self.trusting(port).stdout)
        self.assertEqual(len(server.asked), 1)

    def test_a_certificate_that_cannot_be_trusted_ends_it_before_the_token_is_sent(self):
        expired = self.authority.issue("localhost", "0")
        time.sleep(1.1)  # it was valid for the second in which it was made
        other = self.authority.issue("elsewhere.example")
        for name, certificate in (("unknown authority", self.localhost), ("another host", other), ("expired", expired)):
            with self.subTest(name):
                server, port = self.serve(App, certificate)
                ask = self.check if name == "unknown authority" else self.trusting
                done = ask(port, code=1)
                self.assertIn("the TLS certificate of localhost", done.stderr)
                self.assertIn("--cacert", done.stderr)
                self.assertEqual(server.asked, [])

    def test_plain_http_behind_an_https_url_is_said(self):
        _, port = self.serve(App)
        self.assertIn("no TLS connection to localhost", self.trusting(port, code=1).stderr)

    def test_a_missing_authority_file_is_named(self):
        server, port = self.serve(App, self.localhost)
        done = self.check(port, "--cacert", self.folder + "/none.pem", code=1)
        self.assertIn("none.pem", done.stderr)
        self.assertEqual(server.asked, [])

    def test_a_proxy_carries_the_connection_and_sees_nothing_of_it(self):
        app, port = self.serve(App, self.localhost)
        proxy, proxy_port = self.serve(Proxy)
        self.trusting(port, https_proxy=f"http://127.0.0.1:{proxy_port}")
        self.assertEqual(proxy.asked, [f"localhost:{port}"])
        self.assertEqual(len(app.asked), 1)
        self.assertNotIn(TOKEN.encode(), bytes(proxy.seen))
        self.trusting(port, https_proxy=f"http://127.0.0.1:{proxy_port}", no_proxy="localhost")
        self.assertEqual(len(proxy.asked), 1)
        self.assertEqual(len(app.asked), 2)

    def test_a_proxy_with_a_password(self):
        _, port = self.serve(App, self.localhost)
        proxy, proxy_port = self.serve(Proxy)
        proxy.password = b"someone:s3cretword"
        self.trusting(port, https_proxy=f"http://someone:s3cretword@127.0.0.1:{proxy_port}")
        done = self.trusting(port, https_proxy=f"http://someone:wr0ngword@127.0.0.1:{proxy_port}", code=1)
        self.assertIn("the proxy asks for a password (407)", done.stderr)
        self.assertNotIn("wr0ngword", done.stderr)

    def test_a_proxy_that_is_not_there_is_named(self):
        _, port = self.serve(App, self.localhost)
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            dead = unused.getsockname()[1]
        done = self.trusting(port, https_proxy=f"http://127.0.0.1:{dead}", code=1)
        self.assertIn("the proxy does not accept connections", done.stderr)
        self.assertIn(f"127.0.0.1 port {dead}", done.stderr)

    @unittest.skipUnless(shutil.which("nghttpd"), "SKIP: nghttpd (Debian: nghttp2-server) is not installed")
    def test_http_2_is_spoken_where_the_server_does(self):
        root = pathlib.Path(self.folder) / "root"
        (root / "1/members").mkdir(parents=True)
        (root / "1/members/me").write_bytes(MEMBER)
        certificate, key = self.localhost
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        log = open(pathlib.Path(self.folder) / "nghttpd.log", "w+")
        server = subprocess.Popen(["nghttpd", "-v", "-a", "127.0.0.1", "-d", root, str(port), key, certificate],
                                  stdout=log, stderr=log)
        try:
            until = time.monotonic() + 20
            while time.monotonic() < until:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            self.assertIn("A member", self.trusting(port).stdout)
        finally:
            server.terminate()
            server.wait(20)
        log.seek(0)
        self.assertIn("recv (stream_id=1) :path: /1/members/me", log.read())
        log.close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=2)
