//! What a first start makes so that the gateway can be tried at once: a certificate authority,
//! certificates for loopback, a master key, pseudonym keys and webhook secrets. Real ones are
//! brought by whoever runs the gateway, and are never overwritten.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use data_encoding::BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use isthmus_core::id::hexadecimal;

/// Why a first start failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FirstStartError {
    /// A file cannot be written.
    #[error("{path} cannot be written: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A certificate cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The machine gives no random bytes.
    #[error("the machine gives no random bytes")]
    Random,
}

/// Makes certificates in this folder unless it has an authority already. They are for `localhost`,
/// 127.0.0.1 and `::1` alone, and the authority's key is not kept.
pub(crate) fn make_certificates(folder: &Path) -> Result<(), FirstStartError> {
    let authority_file = folder.join("ca.pem");
    if authority_file.exists() {
        return Ok(());
    }
    let authority_key = KeyPair::generate()?;
    let mut params = named("Isthmus loopback authority", Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = params.self_signed(&authority_key)?;
    let issuer = Issuer::from_params(&params, &authority_key);
    let loopback = ["localhost", "127.0.0.1", "::1"].map(String::from).to_vec();
    let server = named("Isthmus", loopback)?;
    make_leaf(
        folder,
        "server",
        server,
        ExtendedKeyUsagePurpose::ServerAuth,
        &issuer,
    )?;
    let client = named("example-ehr", vec!["example-ehr".to_owned()])?;
    make_leaf(
        folder,
        "client",
        client,
        ExtendedKeyUsagePurpose::ClientAuth,
        &issuer,
    )?;
    // The authority's certificate comes last: where it is, everything is.
    write_new(&authority_file, authority.pem().as_bytes())
}

fn make_leaf(
    folder: &Path,
    name: &str,
    mut params: CertificateParams,
    purpose: ExtendedKeyUsagePurpose,
    issuer: &Issuer<'_, &KeyPair>,
) -> Result<(), FirstStartError> {
    let key = KeyPair::generate()?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![purpose];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, issuer)?;
    write_new(
        &folder.join(format!("{name}.pem")),
        certificate.pem().as_bytes(),
    )?;
    write_new(
        &folder.join(format!("{name}.key")),
        key.serialize_pem().as_bytes(),
    )
}

fn named(name: &str, alternatives: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(alternatives)?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

/// Makes a file of 32 random bytes in hexadecimal unless it is there.
pub(crate) fn make_key(path: &Path) -> Result<(), FirstStartError> {
    if path.exists() {
        return Ok(());
    }
    let text = format!("{}\n", hexadecimal(&random()?));
    write_new(path, text.as_bytes())
}

/// Makes a file of a new secret for signed webhooks unless it is there.
pub(crate) fn make_webhook_secret(path: &Path) -> Result<(), FirstStartError> {
    if path.exists() {
        return Ok(());
    }
    let text = format!("whsec_{}\n", BASE64.encode(&random()?));
    write_new(path, text.as_bytes())
}

fn random() -> Result<[u8; 32], FirstStartError> {
    let mut secret = [0_u8; 32];
    rand::fill(&mut secret).map_err(|_unspecified| FirstStartError::Random)?;
    Ok(secret)
}

/// Writes a file that only its owner may read; an existing one is replaced only by a first start
/// that did not end.
fn write_new(path: &Path, content: &[u8]) -> Result<(), FirstStartError> {
    let failed = |source| FirstStartError::File {
        path: path.to_path_buf(),
        source,
    };
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(content)
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    // Without the folder a power cut could take the file away after messages were acknowledged.
    match path.parent() {
        Some(folder) => File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(failed),
        None => Ok(()),
    }
}
