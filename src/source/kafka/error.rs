//! What can go wrong between castellan and a broker, in words.

use crate::domain::Text;
use kafka_protocol::error::ResponseError;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection came about by any way; why, for each way that was tried.
    #[error("cannot be reached: {0}")]
    Unreachable(Text),
    /// Not one broker answers; what is the matter with each.
    #[error("{0}")]
    Nobody(Text),
    /// The peer took the request and stayed silent for this long.
    #[error("does not answer: no reply in {} s", .0.as_secs_f64().round())]
    Silent(Duration),
    #[error("closed the connection")]
    Closed,
    /// The bytes are not the protocol's.
    #[error("answers with bytes that are not Kafka's: {0}")]
    Garbled(Text),
    /// The broker does not know the request, or only in versions that castellan does not speak.
    #[error("is of a version that does not know {0}")]
    Unsupported(&'static str),
    /// The broker answered with an error.
    #[error("answers: {0}")]
    Refused(Text),
    /// A mistake in what castellan was told: a certificate file, an address.
    #[error("{0}")]
    Configuration(Text),
}

impl Error {
    /// Whether another broker may answer the same request better.
    pub fn is_of_the_way(&self) -> bool {
        matches!(
            self,
            Error::Unreachable(_) | Error::Nobody(_) | Error::Silent(_) | Error::Closed | Error::Garbled(_)
        )
    }

    /// In one sentence about `peer`: `kafka-1 (broker 1) does not answer: no reply in 3 s`.
    pub fn about(&self, peer: &str) -> Text {
        match self {
            Error::Configuration(text) | Error::Nobody(text) => text.clone(),
            other => format!("{peer} {other}").into(),
        }
    }
}

/// A Kafka error code with the broker's own message, if it sent one; 0 is none.
///
/// Source: Apache Kafka `Errors.java`.
pub fn check(code: i16, message: Option<&str>) -> Result<(), Error> {
    if code == 0 { Ok(()) } else { Err(Error::Refused(words(code, message))) }
}

/// `Group authorization failed (error 30)`.
pub fn words(code: i16, message: Option<&str>) -> Text {
    let own = message.map(|m| m.trim().trim_end_matches('.')).filter(|m| !m.is_empty());
    let text = own.map_or_else(|| spelled(code), str::to_owned);
    format!("{text} (error {code})").into()
}

/// The error's name, `GroupAuthorizationFailed`, as words.
fn spelled(code: i16) -> String {
    let name = match ResponseError::try_from_code(code) {
        None | Some(ResponseError::Unknown(_)) => "UnknownError".to_owned(),
        Some(known) => known.to_string(),
    };
    let mut words = String::with_capacity(name.len() + 4);
    for (i, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && i > 0 {
            words.push(' ');
            words.extend(letter.to_lowercase());
        } else {
            words.push(letter);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_as_words() {
        assert_eq!(&*words(30, None), "Group authorization failed (error 30)");
        assert_eq!(&*words(30, Some(" No way. ")), "No way (error 30)");
        assert_eq!(&*words(9_999, Some("")), "Unknown error (error 9999)");
    }
}
