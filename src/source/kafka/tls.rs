//! TLS to brokers: rustls on ring, with the configured authority or the system's roots.

use super::error::Error;
use crate::{
    domain::{Text, target::Security},
    source::gate::Stream,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// A connector as configured; None when TLS is off.
pub async fn connector(security: &Security) -> Result<Option<TlsConnector>, Error> {
    if !security.tls {
        return Ok(None);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(format!("TLS cannot be set up: {e}")))?
        .with_root_certificates(roots(security.ca_file.as_deref()).await?);
    let config = match (&security.certificate_file, &security.key_file) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate).await?;
            let key = PrivateKeyDer::from_pem_slice(&read(key).await?)
                .map_err(|e| wrong(format!("{key} holds no private key in PEM: {e}")))?;
            config
                .with_client_auth_cert(chain, key)
                .map_err(|e| wrong(format!("{certificate} cannot be used with its key: {e}")))?
        }
        (None, None) => config.with_no_client_auth(),
        _ => return Err(wrong("a client certificate needs both a certificate file and a key file".into())),
    };
    Ok(Some(TlsConnector::from(Arc::new(config))))
}

/// The handshake. `host` is the advertised host, also where the bytes go through a port-forward.
pub async fn handshake(
    connector: &TlsConnector,
    host: &str,
    stream: Box<dyn Stream>,
) -> Result<Box<dyn Stream>, Error> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| wrong(format!("{host} is no name that a certificate can carry")))?;
    match connector.connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(e) => Err(Error::Refused(format!("TLS fails: {e}").into())),
    }
}

async fn roots(ca_file: Option<&str>) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    match ca_file {
        Some(file) => {
            for certificate in certificates(file).await? {
                store.add(certificate).map_err(|e| wrong(format!("{file} holds a bad certificate: {e}")))?;
            }
        }
        None => {
            let system = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
            store.add_parsable_certificates(system.map(|s| s.certs).unwrap_or_default());
        }
    }
    if store.is_empty() {
        let text = "no authority to check the brokers' certificates with; name its PEM file with `ca_file`";
        return Err(wrong(text.into()));
    }
    Ok(store)
}

async fn certificates(file: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = read(file).await?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(wrong(format!("{file} holds no certificate in PEM"))),
        Err(e) => Err(wrong(format!("{file} is not PEM: {e}"))),
    }
}

async fn read(file: &str) -> Result<Vec<u8>, Error> {
    tokio::fs::read(file).await.map_err(|e| wrong(format!("{file} cannot be read: {e}")))
}

fn wrong(text: String) -> Error {
    Error::Configuration(Text::from(text))
}
