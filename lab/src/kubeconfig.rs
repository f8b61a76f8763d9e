//! Who may use a lab's API server, and the kubeconfig that says so.

use crate::home::Home;
use serde_json::{Value, json};

/// A context of the lab's kubeconfig.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Context {
    /// May do everything.
    Admin,
    /// May look at everything but secrets, and reach pods and services through the API server.
    Viewer,
    /// May do everything in the namespace `kafka` and nothing outside it.
    Namespace,
    /// May do what an operator does, but not evict.
    NoEvict,
    /// May do everything with a token from a plugin, which a fault can expire.
    Expiring,
}

impl Context {
    /// Every context.
    pub const ALL: [Self; 5] = [Self::Admin, Self::Viewer, Self::Namespace, Self::NoEvict, Self::Expiring];

    /// The part of its name after the lab's.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Viewer => "viewer",
            Self::Namespace => "namespace",
            Self::NoEvict => "no-evict",
            Self::Expiring => "expiring",
        }
    }

    /// Its name in the kubeconfig of this lab.
    pub fn name(self, lab: &str) -> String {
        format!("{lab}-{}", self.suffix())
    }
}

/// The users of the token file, with their groups.
pub(crate) const USERS: [(&str, &str); 5] = [
    ("admin", "system:masters"),
    ("viewer", "castellan:viewers"),
    ("namespace", "castellan:namespace"),
    ("no-evict", "castellan:no-evict"),
    ("system:controllers", "system:masters"),
];

/// The kubeconfig with all contexts, `current` being the default one.
///
/// It is JSON, which is YAML too.
pub(crate) fn outside(
    home: &Home,
    server: &str,
    ca_pem: &str,
    tokens: &dyn Fn(&str) -> String,
    current: Context,
) -> Value {
    let lab = home.name();
    let mut users = Vec::new();
    let mut contexts = Vec::new();
    for context in Context::ALL {
        let user = match context {
            Context::Expiring => json!({"exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": "cat",
                "args": [home.credential()],
                "interactiveMode": "Never",
            }}),
            _ => json!({"token": tokens(context.suffix())}),
        };
        users.push(json!({"name": context.name(lab), "user": user}));
        let mut place = json!({"cluster": lab, "user": context.name(lab)});
        if context == Context::Namespace {
            place["namespace"] = json!("kafka");
        }
        contexts.push(json!({"name": context.name(lab), "context": place}));
    }
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": lab, "cluster": cluster(server, ca_pem)}],
        "users": users,
        "contexts": contexts,
        "current-context": current.name(lab),
    })
}

/// The kubeconfig of the lab's own components.
pub(crate) fn inside(server: &str, ca_pem: &str, token: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": cluster(server, ca_pem)}],
        "users": [{"name": "lab", "user": {"token": token}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
        "current-context": "lab",
    })
}

fn cluster(server: &str, ca_pem: &str) -> Value {
    json!({"server": server, "certificate-authority-data": base64(ca_pem.as_bytes())})
}

/// Standard base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |word: u32, shift: u32| char::from(ALPHABET[(word >> shift) as usize & 63]);
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        text.push(digit(word, 18));
        text.push(digit(word, 12));
        text.push(if chunk.len() > 1 { digit(word, 6) } else { '=' });
        text.push(if chunk.len() > 2 { digit(word, 0) } else { '=' });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_pads() {
        assert_eq!(base64(b""), "");
        assert_eq!(base64(b"f"), "Zg==");
        assert_eq!(base64(b"fo"), "Zm8=");
        assert_eq!(base64(b"foob"), "Zm9vYg==");
        assert_eq!(base64(b"\xff\xfe\xfd"), "//79");
    }
}
