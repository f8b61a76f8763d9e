//! SASL: PLAIN, and SCRAM with the server's signature verified.
//!
//! Source: RFC 5802, RFC 7677; KIP-43, KIP-84, KIP-152.

use super::{
    connection::{Connection, PATIENCE},
    error::{Error, check},
};
use crate::domain::target::{Sasl, SaslMechanism};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use kafka_protocol::{
    messages::{SaslAuthenticateRequest, SaslHandshakeRequest},
    protocol::StrBytes,
};
use ring::{digest, hmac, pbkdf2, rand::SecureRandom};
use std::num::NonZeroU32;

/// Kafka's own limits are 4,096 and 16,384; a server that asks for far more only wants our time.
const ITERATIONS: std::ops::RangeInclusive<u32> = 4_096..=200_000;

pub async fn authenticate(connection: &Connection, sasl: &Sasl) -> Result<(), Error> {
    let mechanism = sasl.mechanism.name();
    let handshake = connection
        .send(PATIENCE, |_| {
            SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str(mechanism))
        })
        .await?
        .value;
    if handshake.error_code != 0 {
        let offered: Vec<_> = handshake.mechanisms.iter().map(|m| m.as_str()).collect();
        let text = format!("{mechanism} is not among its SASL mechanisms ({})", offered.join(", "));
        return Err(Error::Refused(text.into()));
    }
    match Hash::of(sasl.mechanism) {
        None => {
            step(connection, format!("\0{}\0{}", sasl.user, sasl.password).into_bytes()).await?;
        }
        Some(hash) => {
            let nonce = nonce()?;
            let client = Scram::new(hash, sasl, &nonce);
            let server_first = step(connection, client.first()).await?;
            let (client_final, signature) = client.last(&server_first)?;
            let server_final = step(connection, client_final).await?;
            verify(&server_final, &signature)?;
        }
    }
    Ok(())
}

async fn step(connection: &Connection, bytes: Vec<u8>) -> Result<String, Error> {
    let request = SaslAuthenticateRequest::default().with_auth_bytes(Bytes::from(bytes));
    let answer = connection.send(PATIENCE, |_| request).await?.value;
    check(answer.error_code, answer.error_message.as_deref())?;
    String::from_utf8(answer.auth_bytes.to_vec()).map_err(|_| broken())
}

fn broken() -> Error {
    Error::Refused("its SCRAM message is not one".into())
}

fn nonce() -> Result<String, Error> {
    let mut bytes = [0; 24];
    ring::rand::SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::Configuration("the system gives no random numbers".into()))?;
    Ok(BASE64.encode(bytes))
}

#[derive(Clone, Copy)]
struct Hash {
    hmac: hmac::Algorithm,
    digest: &'static digest::Algorithm,
    pbkdf2: pbkdf2::Algorithm,
}

impl Hash {
    fn of(mechanism: SaslMechanism) -> Option<Hash> {
        match mechanism {
            SaslMechanism::Plain => None,
            SaslMechanism::ScramSha256 => Some(Hash {
                hmac: hmac::HMAC_SHA256,
                digest: &digest::SHA256,
                pbkdf2: pbkdf2::PBKDF2_HMAC_SHA256,
            }),
            SaslMechanism::ScramSha512 => Some(Hash {
                hmac: hmac::HMAC_SHA512,
                digest: &digest::SHA512,
                pbkdf2: pbkdf2::PBKDF2_HMAC_SHA512,
            }),
        }
    }

    fn sign(self, key: &[u8], message: &[u8]) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(self.hmac, key), message)
    }
}

/// The client's side of one exchange.
struct Scram<'a> {
    hash: Hash,
    nonce: &'a str,
    user: String,
    password: &'a str,
}

impl<'a> Scram<'a> {
    fn new(hash: Hash, sasl: &'a Sasl, nonce: &'a str) -> Self {
        let user = sasl.user.replace('=', "=3D").replace(',', "=2C");
        Scram { hash, nonce, user, password: &sasl.password }
    }

    fn bare(&self) -> String {
        format!("n={},r={}", self.user, self.nonce)
    }

    fn first(&self) -> Vec<u8> {
        format!("n,,{}", self.bare()).into_bytes()
    }

    /// The proof, and the signature that the server must answer with.
    fn last(&self, server_first: &str) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let nonce = field(server_first, "r=")?;
        let salt = BASE64.decode(field(server_first, "s=")?).map_err(|_| broken())?;
        let iterations: u32 = field(server_first, "i=")?.parse().map_err(|_| broken())?;
        if !nonce.starts_with(self.nonce) || nonce.len() == self.nonce.len() {
            return Err(Error::Refused("its SCRAM nonce does not continue ours".into()));
        }
        let count = NonZeroU32::new(iterations).filter(|_| ITERATIONS.contains(&iterations));
        let count = count.ok_or_else(|| {
            Error::Refused(
                format!("it asks for {iterations} SCRAM iterations; 4096 to 200000 are sane").into(),
            )
        })?;
        let mut salted = vec![0; self.hash.digest.output_len()];
        pbkdf2::derive(self.hash.pbkdf2, count, &salt, self.password.as_bytes(), &mut salted);
        let without_proof = format!("c=biws,r={nonce}");
        let message = format!("{},{server_first},{without_proof}", self.bare());

        let client_key = self.hash.sign(&salted, b"Client Key");
        let stored_key = digest::digest(self.hash.digest, client_key.as_ref());
        let client_signature = self.hash.sign(stored_key.as_ref(), message.as_bytes());
        let proof: Vec<u8> =
            client_key.as_ref().iter().zip(client_signature.as_ref()).map(|(k, s)| k ^ s).collect();
        let server_key = self.hash.sign(&salted, b"Server Key");
        let server_signature = self.hash.sign(server_key.as_ref(), message.as_bytes());
        let last = format!("{without_proof},p={}", BASE64.encode(proof));
        Ok((last.into_bytes(), server_signature.as_ref().to_vec()))
    }
}

fn verify(server_final: &str, signature: &[u8]) -> Result<(), Error> {
    if let Ok(reason) = field(server_final, "e=") {
        return Err(Error::Refused(format!("SCRAM fails: {reason}").into()));
    }
    let sent = BASE64.decode(field(server_final, "v=")?).map_err(|_| broken())?;
    if sent == signature {
        return Ok(());
    }
    Err(Error::Refused("it does not know the password itself: its SCRAM signature is wrong".into()))
}

fn field<'m>(message: &'m str, name: &str) -> Result<&'m str, Error> {
    message.split(',').find_map(|part| part.strip_prefix(name)).ok_or_else(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Sasl {
        Sasl { mechanism: SaslMechanism::ScramSha256, user: "user".into(), password: "pencil".into() }
    }

    /// The exchange printed in RFC 7677, section 3.
    #[test]
    fn the_rfcs_example_is_proved_and_verified() {
        let sasl = example();
        let hash = Hash::of(sasl.mechanism).unwrap();
        let client = Scram::new(hash, &sasl, "rOprNGfwEbeRWgbNEkqO");
        assert_eq!(client.first(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let server_first =
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let (last, signature) = client.last(server_first).unwrap();
        assert_eq!(
            String::from_utf8(last).unwrap(),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", &signature).unwrap();
        assert!(verify("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", &signature).is_err());
        assert!(verify("e=invalid-proof", &signature).unwrap_err().to_string().contains("invalid-proof"));
    }

    #[test]
    fn a_server_that_would_weaken_the_exchange_is_refused() {
        let sasl = example();
        let client = Scram::new(Hash::of(sasl.mechanism).unwrap(), &sasl, "abc");
        for bad in ["r=abc,s=AA==,i=4096", "r=xyzabc,s=AA==,i=4096", "r=abcd,s=AA==,i=1", "r=abcd,i=4096", ""]
        {
            assert!(client.last(bad).is_err(), "{bad:?}");
        }
        assert!(client.last("r=abcd,s=AA==,i=4000000000").unwrap_err().to_string().contains("4000000000"));
    }

    #[test]
    fn a_users_commas_and_equal_signs_are_escaped() {
        let sasl = Sasl { user: "a=b,c".into(), ..example() };
        let client = Scram::new(Hash::of(sasl.mechanism).unwrap(), &sasl, "n");
        assert_eq!(client.bare(), "n=a=3Db=2Cc,r=n");
    }
}
