//! What a path, a method and a query ask for.
//!
//! Source: Kubernetes `apiserver/pkg/endpoints/request/requestinfo.go`.

use super::status::Status;
use crate::{demo::world::kubernetes::Resource, domain::kubernetes::Key};
use http::{Method, Uri};
use std::fmt;

/// A resource, or a kind, with its group: `statefulsets.apps`, `StatefulSet.apps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name<'a> {
    pub group: &'a str,
    pub plural: &'a str,
}

impl From<&'static Resource> for Name<'static> {
    fn from(resource: &'static Resource) -> Self {
        Name { group: resource.group, plural: resource.plural }
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.plural)?;
        if self.group.is_empty() { Ok(()) } else { write!(f, ".{}", self.group) }
    }
}

/// A request about a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// In RBAC's words: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    pub verb: &'static str,
    pub group: String,
    pub version: String,
    pub plural: String,
    /// Empty: all namespaces, or none.
    pub namespace: String,
    /// Empty: the collection.
    pub name: String,
    pub subresource: String,
    /// Of a proxy: the path behind it, with its slash.
    pub rest: String,
}

impl Asked {
    /// None: the path is about no resource.
    pub fn of(method: &Method, uri: &Uri, query: &Query) -> Option<Self> {
        let path = uri.path();
        let mut parts = path.strip_prefix('/')?.splitn(4, '/');
        let (group, version, rest) = match parts.next()? {
            "api" => ("", parts.next()?, path.splitn(4, '/').nth(3)?),
            "apis" => (parts.next()?, parts.next()?, path.splitn(5, '/').nth(4)?),
            _ => return None,
        };
        let mut left = rest;
        let mut next = || {
            let (part, more) = left.split_once('/').unwrap_or((left, ""));
            left = more;
            decode(part)
        };
        let (mut plural, mut namespace) = (next(), String::new());
        if plural == "namespaces" {
            let name = next();
            let below = next();
            if name.is_empty() || matches!(&*below, "" | "status" | "finalize") {
                return Some(Self::new(method, query, [group, version, &plural, "", &name, &below], left));
            }
            (namespace, plural) = (name, below);
        }
        if plural.is_empty() {
            return None;
        }
        let name = next();
        let below = next();
        Some(Self::new(method, query, [group, version, &plural, &namespace, &name, &below], left))
    }

    fn new(method: &Method, query: &Query, parts: [&str; 6], rest: &str) -> Self {
        let [group, version, plural, namespace, name, subresource] = parts.map(str::to_owned);
        let one = !name.is_empty();
        let verb = match *method {
            Method::POST => "create",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::DELETE if one => "delete",
            Method::DELETE => "deletecollection",
            _ if query.flag("watch") => "watch",
            _ if one => "get",
            _ => "list",
        };
        Asked { verb, group, version, plural, namespace, name, subresource, rest: format!("/{rest}") }
    }

    pub fn resource(&self) -> Result<&'static Resource, Status> {
        let found = Resource::find(&self.group, &self.version, &self.plural);
        found.filter(|r| r.namespaced || self.namespace.is_empty()).ok_or_else(Status::no_such_path)
    }

    pub fn named(&self) -> Name<'_> {
        Name { group: &self.group, plural: &self.plural }
    }

    pub fn key(&self) -> Key {
        Key::new(&self.namespace, &self.name)
    }

    /// The namespace that is looked at; None: all.
    pub fn scope(&self) -> Option<&str> {
        Some(&*self.namespace).filter(|n| !n.is_empty())
    }

    /// `pods/eviction`
    pub fn permission(&self) -> String {
        let slash = if self.subresource.is_empty() { "" } else { "/" };
        format!("{}{slash}{}", self.plural, self.subresource)
    }
}

/// The query of a request.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    pub fn of(uri: &Uri) -> Self {
        let pairs = uri.query().unwrap_or_default().split('&').filter(|p| !p.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(&name.replace('+', " ")), decode(&value.replace('+', " ")))
        });
        Query(decoded.collect())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let values = self.0.iter().filter(|(n, _)| n == name);
        values.map(|(_, value)| value.as_str()).find(|value| !value.is_empty())
    }

    /// All values of a name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whether it is there and not `false` or `0`: `?watch` is true.
    ///
    /// Source: apimachinery `Convert_Slice_string_To_bool`.
    pub fn flag(&self, name: &str) -> bool {
        let value = self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.to_lowercase());
        value.is_some_and(|value| !matches!(&*value, "false" | "0"))
    }

    /// # Errors
    /// Where it is no whole number that is not negative.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Status> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let parsed = value.parse();
        parsed.map(Some).map_err(|_| Status::bad_request(format!("{name}: Invalid value: \"{value}\"")))
    }

    pub fn dry_run(&self) -> Result<bool, Status> {
        match self.get("dryRun") {
            None => Ok(false),
            Some("All") => Ok(true),
            Some(other) => Err(Status::bad_request(format!("dryRun: Unsupported value: \"{other}\""))),
        }
    }
}

/// Percent-decoded; what is no code stays as it is.
fn decode(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, more @ ..] = rest {
        let code = match rest {
            [b'%', high, low, ..] => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match code {
            Some((high, low)) => {
                bytes.push(high * 16 + low);
                rest = &rest[3..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, uri: &str) -> Option<Asked> {
        let uri: Uri = uri.parse().unwrap();
        Asked::of(&method, &uri, &Query::of(&uri))
    }

    #[test]
    fn paths_are_read_as_the_api_server_reads_them() {
        // (path, verb, group, resource, namespace, name, subresource, rest)
        let cases = [
            ("/api/v1/pods", ["list", "", "pods", "", "", "", "/"]),
            ("/api/v1/pods?watch=1", ["watch", "", "pods", "", "", "", "/"]),
            ("/api/v1/nodes/node-1", ["get", "", "nodes", "", "node-1", "", "/"]),
            ("/api/v1/namespaces", ["list", "", "namespaces", "", "", "", "/"]),
            ("/api/v1/namespaces/shop", ["get", "", "namespaces", "", "shop", "", "/"]),
            ("/api/v1/namespaces/shop/status", ["get", "", "namespaces", "", "shop", "status", "/"]),
            ("/api/v1/namespaces/shop/pods", ["list", "", "pods", "shop", "", "", "/"]),
            (
                "/apis/apps/v1/namespaces/a/statefulsets/k/scale",
                ["get", "apps", "statefulsets", "a", "k", "scale", "/"],
            ),
            (
                "/api/v1/namespaces/a/services/prometheus:9090/proxy/api/v1/query",
                ["get", "", "services", "a", "prometheus:9090", "proxy", "/api/v1/query"],
            ),
            (
                "/api/v1/namespaces/a/pods/x%3A9404/proxy/metrics",
                ["get", "", "pods", "a", "x:9404", "proxy", "/metrics"],
            ),
        ];
        for (uri, [verb, group, plural, namespace, name, subresource, rest]) in cases {
            let a = asked(Method::GET, uri).unwrap();
            let seen = [a.verb, &a.group, &a.plural, &a.namespace, &a.name, &a.subresource, &a.rest];
            assert_eq!(seen, [verb, group, plural, namespace, name, subresource, rest], "{uri}");
        }
        for uri in ["/", "/version", "/api", "/api/v1", "/apis/apps", "/apis/apps/v1", "/healthz"] {
            assert_eq!(asked(Method::GET, uri), None, "{uri}");
        }
    }

    #[test]
    fn a_method_is_a_verb() {
        let one = "/api/v1/namespaces/a/pods/x";
        for (method, uri, verb) in [
            (Method::POST, "/api/v1/namespaces/a/pods", "create"),
            (Method::PUT, one, "update"),
            (Method::PATCH, one, "patch"),
            (Method::DELETE, one, "delete"),
            (Method::DELETE, "/api/v1/namespaces/a/pods", "deletecollection"),
        ] {
            assert_eq!(asked(method, uri).unwrap().verb, verb);
        }
    }

    #[test]
    fn queries_are_decoded() {
        let query = Query::of(&"/x?labelSelector=a%3Db%2Cc&watch=false&n=12&m=x&follow".parse().unwrap());
        assert_eq!(query.get("labelSelector"), Some("a=b,c"));
        assert!(!query.flag("watch") && query.flag("follow") && !query.flag("previous"));
        assert_eq!(query.number("n"), Ok(Some(12)));
        assert_eq!(query.number("m").unwrap_err().code, 400);
    }
}
