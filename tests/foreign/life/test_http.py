"""CRLs, CA certificates and OCSP answers over HTTP, as OpenSSL, GnuTLS and Python cryptography
take them: a certificate is good until it is revoked, and revoked at once then."""

import email.utils
import socket
import time
import urllib.error
import urllib.request

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

import csr
from icpr import Impacket
from lifelab import HTTP, MONITORING, addresses, fetch, tool
from running import openssl


@pytest.fixture(scope="module")
def leaf(life, alice):
    path, life.leaf_id = life.enrol(alice)
    return path


def crl_file(life, url, name):
    body, headers = fetch(url)
    assert headers["Content-Type"] == "application/pkix-crl"
    (life.folder / name).write_bytes(openssl("crl", "-inform", "DER", input=body))
    return name


def certificates(life, leaf):
    return (x509.load_pem_x509_certificate(leaf.read_bytes()),
            x509.load_der_x509_certificate(life.certificate_der))


def by_openssl(life, leaf, *options):
    """OpenSSL's verdict by OCSP, over HTTP, with a nonce."""
    _, _, url = addresses(leaf, certificates(life, leaf)[0])
    said = tool("openssl", "ocsp", *options, "-issuer", life.certificate_file, "-cert", leaf, "-url",
                url, "-CAfile", life.certificate_file, cwd=life.folder)
    assert "Response verify OK" in said and "WARNING" not in said, said
    return said


def by_gnutls(life, leaf):
    leaf_pem = life.folder / "chain.pem"
    leaf_pem.write_bytes(leaf.read_bytes() + life.certificate_file.read_bytes())
    return tool("ocsptool", "--ask", "--load-chain", leaf_pem, "--load-trust",
                life.certificate_file, "--nonce", cwd=life.folder, code=None)


def by_cryptography(life, leaf, algorithm, method):
    certificate, issuer = certificates(life, leaf)
    _, _, url = addresses(leaf, certificate)
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm)
    der = builder.build().public_bytes(serialization.Encoding.DER)
    if method == "GET":
        import base64
        from urllib.parse import quote

        body, headers = fetch(url + "/" + quote(base64.b64encode(der).decode(), safe=""))
        assert "max-age=3" in headers["Cache-Control"]
    else:
        request = urllib.request.Request(url, der, {"Content-Type": "application/ocsp-request"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            body, headers = answer.read(), answer.headers
    assert headers["Content-Type"] == "application/ocsp-response"
    response = ocsp.load_der_ocsp_response(body)
    assert response.response_status == ocsp.OCSPResponseStatus.SUCCESSFUL
    [signer] = response.certificates
    assert signer.issuer == issuer.subject
    issuer.public_key().verify(signer.signature, signer.tbs_certificate_bytes,
                               ec.ECDSA(signer.signature_hash_algorithm))
    signer.public_key().verify(response.signature, response.tbs_response_bytes,
                               ec.ECDSA(response.signature_hash_algorithm))
    usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING]
    signer.extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert response.responder_name is None and response.responder_key_hash is not None
    return response


def verify(life, leaf, *crls, code=0):
    trusted = [life.certificate_file.read_bytes()]
    (life.folder / "trusted.pem").write_bytes(b"".join(trusted))
    crls = [option for crl in crls for option in ("-CRLfile", crl)]
    return tool("openssl", "verify", "-crl_check_all", "-CAfile", "trusted.pem", *crls, leaf,
                cwd=life.folder, code=code)


def test_good_until_revoked_and_then_at_once(life, leaf, tally):
    certificate, issuer = certificates(life, leaf)
    [crl_url], issuer_url, _ = addresses(leaf, certificate)

    body, headers = fetch(issuer_url)
    assert body == life.certificate_der and headers["Content-Type"] == "application/pkix-cert"
    assert "OK" in verify(life, leaf, crl_file(life, crl_url, "base.crl"))
    tally("foreign-http", "openssl verify, good")
    for options in (["-sha1"], ["-sha256"]):
        assert ": good" in by_openssl(life, leaf, *options)
    tally("foreign-ocsp", "openssl, good")
    said = by_gnutls(life, leaf)
    assert "Certificate Status: good" in said and "Verifying OCSP Response: Success." in said, said
    tally("foreign-ocsp", "gnutls, good")
    for method in ("POST", "GET"):
        for algorithm in (hashes.SHA1(), hashes.SHA256()):
            response = by_cryptography(life, leaf, algorithm, method)
            assert response.certificate_status == ocsp.OCSPCertStatus.GOOD
    tally("foreign-ocsp", "cryptography, good")

    life.revoke(life.leaf_id)

    said = by_openssl(life, leaf)
    assert ": revoked" in said and "Reason: keyCompromise" in said
    tally("foreign-ocsp", "openssl, revoked")
    said = by_gnutls(life, leaf)
    assert "Certificate Status: revoked" in said and "Verifying OCSP Response: Success." in said, said
    tally("foreign-ocsp", "gnutls, revoked")
    response = by_cryptography(life, leaf, hashes.SHA256(), "POST")
    assert response.certificate_status == ocsp.OCSPCertStatus.REVOKED
    assert response.revocation_reason == x509.ReasonFlags.key_compromise
    tally("foreign-ocsp", "cryptography, revoked")
    crl = crl_file(life, crl_url, "base.crl")
    assert "certificate revoked" in verify(life, leaf, crl, code=2)
    tally("foreign-http", "openssl verify, revoked")


def test_delta_crl_over_http(life, leaf, tally):
    [crl_url], _, _ = addresses(leaf, certificates(life, leaf)[0])
    base = x509.load_der_x509_crl(fetch(crl_url)[0])
    [fresh] = base.extensions.get_extension_for_class(x509.FreshestCRL).value
    [delta_url] = [name.value for name in fresh.full_name]
    delta = x509.load_der_x509_crl(fetch(delta_url)[0])
    indicator = delta.extensions.get_extension_for_class(x509.DeltaCRLIndicator)
    number = base.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    assert indicator.critical and indicator.value.crl_number == number
    issuer = x509.load_der_x509_certificate(life.certificate_der)
    assert delta.is_signature_valid(issuer.public_key())
    text = tool("certtool", "--crl-info", "--inder", "--infile", write(life, "delta.der", fetch(delta_url)[0]),
                cwd=life.folder)
    assert "CRL Number" in text
    tally("foreign-http", "delta CRL")


def write(life, name, content):
    (life.folder / name).write_bytes(content)
    return name


def test_caches_may_keep_a_crl_until_the_next_is_due(life, leaf):
    [crl_url], _, _ = addresses(leaf, certificates(life, leaf)[0])
    _, headers = fetch(crl_url)
    crl = x509.load_der_x509_crl(fetch(crl_url)[0])
    expires = email.utils.parsedate_to_datetime(headers["Expires"])
    assert expires.timestamp() <= crl.next_update_utc.timestamp()
    assert expires.timestamp() > time.time() + 6 * 86_400
    with pytest.raises(urllib.error.HTTPError) as unchanged:
        fetch(crl_url, **{"If-None-Match": headers["ETag"]})
    assert unchanged.value.code == 304


def test_certificates_that_were_never_issued_are_unknown(life, leaf):
    said = tool("openssl", "ocsp", "-issuer", life.certificate_file, "-serial", "0x1234567890", "-url",
                f"http://{HTTP}/ocsp", "-CAfile", life.certificate_file, cwd=life.folder)
    assert "0x1234567890: unknown" in said and "Response verify OK" in said, said


def test_metrics_and_health(life, leaf, alice, tally):
    text, headers = fetch(f"http://{MONITORING}/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = dict(line.rsplit(" ", 1) for line in text.decode().splitlines() if line[0] != "#")
    before = float(samples['wcce_requests_total{interface="ICertPassage",auth="ntlm",verdict="issued"}'])
    life.enrol(alice)
    # What is denied is told from what failed: no request at all.
    verdicts = lambda: {verdict: float(samples[name.replace("issued", verdict)])
                        for verdict in ("denied", "failed")}
    name = 'wcce_requests_total{interface="ICertPassage",auth="ntlm",verdict="issued"}'
    told = verdicts()
    client = Impacket(life.host, life.port, alice)
    assert client.request(life.name, csr.csr(csr.rsa_key()), ["CertificateTemplate:Nobody"]).status == 0
    assert client.request(life.name, b"nonsense", ["CertificateTemplate:User"]).status == 0
    client.close()
    text, _ = fetch(f"http://{MONITORING}/metrics")
    lines = text.decode().splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if line[0] != "#")
    name = 'wcce_requests_total{interface="ICertPassage",auth="ntlm",verdict="issued"}'
    assert float(samples[name]) == before + 1
    assert verdicts() == {verdict: count + 1 for verdict, count in told.items()}
    for name in ("wcce_store_bytes", "wcce_ca_certificate_seconds_left",
                 'wcce_crl_seconds_left{kind="base"}', 'wcce_connections{protocol="http"}'):
        assert float(samples[name]) > 0, name
    assert float(samples['wcce_crl_age_seconds{kind="base"}']) < 600
    # Each family is announced once, before its samples.
    families = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert len(families) == len(set(families))
    for sample in samples:
        family = sample.split("{")[0]
        assert any(family == f or family.startswith(f + "_") for f in families), sample
    assert "alice" not in text.decode() and "User" not in text.decode()
    assert fetch(f"http://{MONITORING}/healthz")[0] == b"ok\n"
    assert fetch(f"http://{MONITORING}/readyz")[0] == b"ready\n"
    for url in (f"http://{HTTP}/metrics", f"http://{MONITORING}/ocsp"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            fetch(url)
        assert refused.value.code == 404
    tally("foreign-http", "metrics")


def test_after_a_rekey_both_keys_sign_for_what_they_have_issued(life, alice, tally):
    old, _ = life.enrol(alice)
    life.stop()
    life.wcced_ca("renew", "--key", "new-key")
    life.start()
    new, new_id = life.enrol(alice)
    state = life.folder / "state"
    for leaf, trusted, suffix in ((old, "ca.crt", ""), (new, "ca(1).crt", "(1)")):
        certificate = x509.load_pem_x509_certificate(leaf.read_bytes())
        [crl_url], issuer_url, ocsp_url = addresses(leaf, certificate)
        assert crl_url.endswith(f"CA{suffix}.crl"), crl_url
        issuer = x509.load_pem_x509_certificate((state / trusted).read_bytes())
        assert fetch(issuer_url)[0] == issuer.public_bytes(serialization.Encoding.DER)
        crl = crl_file(life, crl_url, "one.crl")
        said = tool("openssl", "verify", "-crl_check_all", "-CAfile", state / trusted, "-CRLfile", crl,
                    leaf, cwd=life.folder)
        assert "OK" in said
        said = tool("openssl", "ocsp", "-issuer", state / trusted, "-cert", leaf, "-url", ocsp_url,
                    "-CAfile", state / trusted, cwd=life.folder)
        assert ": good" in said and "Response verify OK" in said, said
    # Who trusts one certificate alone believes the other key by the cross certificate.
    for trusted, between, leaf in (("ca.crt", "ca(0-1).crt", new), ("ca(1).crt", "ca(1-0).crt", old)):
        said = tool("openssl", "verify", "-x509_strict", "-CAfile", state / trusted, "-untrusted",
                    state / between, leaf, cwd=life.folder)
        assert "OK" in said
    # While it runs, revoked at once by the command line.
    life.wcced("revoke", "--id", new_id, "--reason", 4)
    said = tool("openssl", "ocsp", "-issuer", state / "ca(1).crt", "-cert", new, "-url", ocsp_url,
                "-CAfile", state / "ca(1).crt", cwd=life.folder)
    assert ": revoked" in said and "superseded" in said, said
    tally("foreign-http", "rekey")


def test_the_service_manager_hears_that_it_is_ready_lives_and_stops(life, monkeypatch):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind("\0wcce-life-test")
    manager.settimeout(20)
    monkeypatch.setenv("NOTIFY_SOCKET", "@wcce-life-test")
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    life.stop()
    life.start()
    try:
        assert manager.recv(100) == b"READY=1"
        assert [manager.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    finally:
        life.stop()
        monkeypatch.undo()
        life.start()
    said = []
    manager.settimeout(0.2)
    with pytest.raises(TimeoutError):
        while True:
            said.append(manager.recv(100))
    assert said[-1] == b"STOPPING=1"
