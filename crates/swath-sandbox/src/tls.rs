//! Certificates: an authority and a server certificate for loopback, made at each start.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use crate::error::{Error, Result};

/// The names the server certificate holds: loopback, buckets as subdomains of `localhost`, and
/// the real S3 names, for clients that are told to resolve these to loopback.
const NAMES: [&str; 5] =
    ["127.0.0.1", "localhost", "*.localhost", "s3.us-west-2.amazonaws.com", "*.s3.us-west-2.amazonaws.com"];

/// What the listeners need, and what clients must trust.
pub(crate) struct Certificates {
    /// The authority's certificate, to be trusted by clients.
    pub(crate) authority_pem: String,
    /// Speaks TLS on accepted connections.
    pub(crate) acceptor: TlsAcceptor,
}

/// Makes the authority and the server's certificate, both with new keys that stay in memory.
pub(crate) fn certificates() -> Result<Certificates> {
    make().map_err(Error::Certificate)
}

fn make() -> std::result::Result<Certificates, Box<dyn std::error::Error + Send + Sync>> {
    let mut authority = params(Vec::new(), "swath sandbox authority")?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority_pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);

    let mut server = params(NAMES.map(String::from).to_vec(), "swath sandbox")?;
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_key = KeyPair::generate()?;
    let certificate = server.signed_by(&server_key, &issuer)?;

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    // S3 speaks no HTTP/2, and one protocol for all five keeps the faults on the wire simple.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Certificates { authority_pem, acceptor: TlsAcceptor::from(Arc::new(config)) })
}

fn params(names: Vec<String>, common_name: &str) -> std::result::Result<CertificateParams, rcgen::Error> {
    let year = i32::from(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year());
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    // A day in the past against clocks that differ, and under the 825 days some verifiers allow.
    params.not_before = rcgen::date_time_ymd(year - 1, 12, 31);
    params.not_after = rcgen::date_time_ymd(year + 2, 1, 1);
    Ok(params)
}
