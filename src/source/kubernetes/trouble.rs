//! What can go wrong with a request to the API server, told apart by what to do about it.

use super::wire;
use crate::{domain::Text, source::gate};
use bytes::Bytes;
use http::StatusCode;
use prost::Message;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// 401: the credentials are not, or no longer, accepted.
    Unauthorized,
    /// 403: a permission is missing; what the server says.
    Denied(Text),
    /// 404.
    Missing(Text),
    /// 410: the resourceVersion or the page token is too old. List again.
    Gone,
    /// Anything else, in words: try again later.
    Other(Text),
    /// Nobody reads the news any more.
    Closed,
}

impl Trouble {
    pub fn nonsense(what: &str) -> Self {
        Trouble::Other(format!("the API server's answer cannot be read: {what}").into())
    }

    /// From a Status object's code and message.
    pub fn status(code: u16, message: Text) -> Self {
        match code {
            401 => Trouble::Unauthorized,
            403 => Trouble::Denied(message),
            404 => Trouble::Missing(message),
            410 => Trouble::Gone,
            _ if message.is_empty() => Trouble::Other(format!("the API server answers {code}").into()),
            _ => Trouble::Other(message),
        }
    }

    /// From an answer that is no success. Its body is a Status as protobuf or JSON, or a proxy's text.
    pub fn answer(code: StatusCode, body: Bytes) -> Self {
        let message = match super::envelope::open(body.clone()).ok().map(wire::Status::decode) {
            Some(Ok(status)) => String::from_utf8_lossy(&status.message).into_owned(),
            _ => match serde_json::from_slice::<serde_json::Value>(&body) {
                Ok(status) => status["message"].as_str().unwrap_or_default().to_owned(),
                Err(_) => first_line(&body),
            },
        };
        Self::status(code.as_u16(), message.into())
    }

    /// In one line of words.
    pub fn words(&self) -> Text {
        match self {
            Trouble::Unauthorized => "the API server does not accept the credentials (401)".into(),
            Trouble::Gone => "the API server's history no longer reaches back far enough (410)".into(),
            Trouble::Denied(text) | Trouble::Missing(text) | Trouble::Other(text) => text.clone(),
            Trouble::Closed => "castellan is closing".into(),
        }
    }
}

fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(400)]);
    text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

impl From<kube::Error> for Trouble {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::status(status.code, status.message.into()),
            other => Trouble::Other(gate::words(&other)),
        }
    }
}

impl From<prost::DecodeError> for Trouble {
    fn from(error: prost::DecodeError) -> Self {
        Self::nonsense(&error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_words_are_found_in_any_form() {
        let words = |body: &'static [u8]| {
            Trouble::answer(StatusCode::BAD_GATEWAY, Bytes::from_static(body)).words().to_string()
        };
        assert_eq!(words(br#"{"kind":"Status","message":"etcd is away"}"#), "etcd is away");
        assert_eq!(words(b"\n  upstream connect error\nreset"), "upstream connect error");
        assert_eq!(words(b""), "the API server answers 502");
        let status = wire::Status { message: Bytes::from_static(b"slow down"), ..Default::default() };
        let unknown = wire::Unknown { raw: status.encode_to_vec().into() };
        let body = [b"k8s\0", &*unknown.encode_to_vec()].concat();
        let trouble = Trouble::answer(StatusCode::TOO_MANY_REQUESTS, body.into());
        assert_eq!(trouble, Trouble::Other("slow down".into()));
    }

    #[test]
    fn codes_are_told_apart_by_what_to_do() {
        assert_eq!(Trouble::status(401, "".into()), Trouble::Unauthorized);
        assert_eq!(Trouble::status(403, "no".into()), Trouble::Denied("no".into()));
        assert_eq!(Trouble::status(410, "old".into()), Trouble::Gone);
    }
}
