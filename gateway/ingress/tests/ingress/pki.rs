//! Certificates for the tests: authorities, servers and clients, made anew each time.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

pub(crate) struct Pki {
    authority: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

/// A certificate with its key.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
    pem: (String, String),
}

impl Pki {
    /// An authority whose files go into a folder of that name.
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, format!("authority {name}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = CertifiedIssuer::self_signed(params, key).unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self { authority, folder }
    }

    /// A certificate for this name, valid in these years.
    pub(crate) fn issue(&self, name: &str, years: std::ops::Range<i32>) -> Identity {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        Identity {
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            pem: (certificate.pem(), key.serialize_pem()),
        }
    }

    /// The `tls` table of a listener with this identity.
    pub(crate) fn tls_table(&self, server: &Identity, client_certificates: &str) -> String {
        let write = |name: &str, text: &str| {
            let path = self.folder.join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let certificate = write("server.crt", &server.pem.0);
        let key = write("server.key", &server.pem.1);
        let authorities = write("clients.crt", &self.authority.pem());
        format!(
            "[tls]\ncertificate = '{certificate}'\nkey = '{key}'\n\
             client_certificates = '{client_certificates}'\nclient_authorities = '{authorities}'\n"
        )
    }

    /// The file of this authority's certificate.
    pub(crate) fn authorities(&self) -> String {
        let path = self.folder.join("authority.crt");
        std::fs::write(&path, self.authority.pem()).unwrap();
        path.display().to_string()
    }

    /// A client that trusts this authority.
    pub(crate) fn client(&self, identity: Option<Identity>) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match identity {
            Some(Identity {
                certificate, key, ..
            }) => builder
                .with_client_auth_cert(vec![certificate], key)
                .unwrap(),
            None => builder.with_no_client_auth(),
        };
        Arc::new(config)
    }
}

impl Identity {
    /// A server that shows this identity and asks for none.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key());
        Arc::new(config.unwrap())
    }
}
