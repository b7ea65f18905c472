"""A certificate authority of a test's own, by the command `openssl`: it issues certificates for
loopback that are good, end soon, or have ended.
"""

import datetime
import pathlib
import subprocess

CONFIGURATION = """
[ca]
default_ca = own
[own]
dir = {folder}
database = $dir/index.txt
new_certs_dir = $dir
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
x509_extensions = leaf
[any]
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
keyUsage = digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""
FORM = "%Y%m%d%H%M%SZ"


class Authority:
    """One authority in a folder; `ca.pem` is its own certificate."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        (self.folder / "index.txt").touch()
        self.configuration = self.folder / "openssl.cnf"
        self.configuration.write_text(CONFIGURATION.format(folder=self.folder))
        self.certificate, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        self._openssl("req", "-new", "-x509", "-newkey", "ec", "-pkeyopt",
                      "ec_paramgen_curve:prime256v1", "-nodes", "-days", "365", "-subj",
                      f"/CN={name}", "-extensions", "root", "-keyout", self.key,
                      "-out", self.certificate)

    def _openssl(self, command, *arguments):
        whole = ["openssl", command, "-config", self.configuration, *arguments]
        run = subprocess.run(whole, capture_output=True, text=True, check=False)
        if run.returncode:
            raise RuntimeError(f"openssl {command}: {run.stderr}")

    def issue(self, name, days):
        """A certificate that ends in so many days, or ended so many days ago when they are
        negative. Gives the files of certificate, key, and both in one."""
        files = [self.folder / f"{name}.{what}" for what in ("pem", "key", "both", "request")]
        certificate, key, both, request = files
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                      "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        now = datetime.datetime.now(datetime.timezone.utc)
        end = now + datetime.timedelta(days=days)
        begin = min(now, end) - datetime.timedelta(days=30)
        self._openssl("ca", "-batch", "-notext", "-cert", self.certificate, "-keyfile", self.key,
                      "-in", request, "-out", certificate, "-startdate", begin.strftime(FORM),
                      "-enddate", end.strftime(FORM))
        both.write_text(certificate.read_text() + key.read_text())
        return certificate, key, both
