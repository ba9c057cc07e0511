//! Whom to trust: the system's certificate authorities, those of `SSL_CERT_FILE`, and what the caller adds.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::error::{Error, ErrorKind, Result};

/// A TLS 1.2/1.3 client configuration on the `ring` provider. There is no switch that turns checking off.
pub(super) fn client_config(extra_ca_pem: Option<&str>) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    // `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured in there. A machine without any certificate store can still
    // talk to servers whose authority the caller adds; everything else then fails with a certificate error.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = extra_ca_pem {
        let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| Error::usage("the certificate authority given is not valid PEM").because(e))?;
        let (added, _) = roots.add_parsable_certificates(certificates);
        if added == 0 {
            return Err(Error::usage("the certificate authority given holds no certificate"));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::new(ErrorKind::Internal, "could not set up TLS").because(e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
