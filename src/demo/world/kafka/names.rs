//! Ids as Kafka prints them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// 128 bits as Kafka prints a topic's or a cluster's id.
///
/// Source: Apache Kafka `Uuid.toString`.
pub fn uuid(bits: u128) -> String {
    URL_SAFE_NO_PAD.encode(bits.to_be_bytes())
}

/// What the coordinator makes of a client's id: `<client>-<UUID>`.
pub fn member(client: &str, bits: u128) -> String {
    let hex = format!("{bits:032x}");
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    format!("{client}-{}", parts.join("-"))
}
