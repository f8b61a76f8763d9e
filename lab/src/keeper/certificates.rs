//! The lab's own certificate authority, its keys and its tokens.

use crate::home::Home;
use crate::kubeconfig::USERS;
use anyhow::{Context as _, Result};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::fs;
use std::io::Read as _;

/// Everything secret that a lab starts with, written to its folder too.
pub(crate) struct Secrets {
    pub(crate) ca_pem: String,
    tokens: Vec<(&'static str, String)>,
}

impl Secrets {
    /// Makes new ones. The server's certificate is valid outside the lab and inside it.
    pub(crate) fn make(home: &Home, addresses: &[String]) -> Result<Self> {
        let folder = home.secrets();
        let ca_key = KeyPair::generate()?;
        let mut ca = CertificateParams::new(Vec::new())?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        ca.distinguished_name.push(DnType::CommonName, "castellan lab");
        let ca_pem = ca.self_signed(&ca_key)?.pem();
        let issuer = Issuer::new(ca, ca_key);

        let server_key = KeyPair::generate()?;
        let mut server = CertificateParams::new(addresses.to_vec())?;
        server.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        let server_pem = server.signed_by(&server_key, &issuer)?.pem();
        let accounts = KeyPair::generate()?;

        fs::write(folder.join("ca.pem"), &ca_pem)?;
        fs::write(folder.join("server.pem"), server_pem)?;
        fs::write(folder.join("server.key"), server_key.serialize_pem())?;
        fs::write(folder.join("accounts.key"), accounts.serialize_pem())?;
        fs::write(folder.join("accounts.pub"), accounts.public_key_pem())?;

        let mut tokens = Vec::new();
        let mut lines = String::new();
        for (user, group) in USERS {
            let token = random_token()?;
            lines += &format!("{token},{user},{user},\"{group}\"\n");
            tokens.push((user, token));
        }
        fs::write(folder.join("tokens.csv"), lines)?;
        Ok(Self { ca_pem, tokens })
    }

    /// The token of one of the lab's users.
    pub(crate) fn token(&self, user: &str) -> String {
        let found = self.tokens.iter().find(|(name, _)| *name == user);
        found.map(|(_, token)| token.clone()).unwrap_or_default()
    }
}

fn random_token() -> Result<String> {
    let mut bytes = [0; 24];
    fs::File::open("/dev/urandom").context("no randomness")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
