//! Getting one object, and listing many page by page.

use super::{
    encoding::Head,
    request::{Asked, Name, Query},
    select::Selector,
    status::Status,
};
use crate::{
    demo::world::{World, kubernetes::Resource},
    domain::kubernetes::Key,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::sync::Arc;

pub fn get(world: &World, resource: &'static Resource, asked: &Asked) -> Result<Arc<Value>, Status> {
    let found = world.kubernetes.get(resource, &asked.key());
    found.cloned().ok_or_else(|| Status::not_found(&Name::from(resource), &asked.name))
}

/// What a list is narrowed to and where it begins.
pub struct Page {
    pub selector: Selector,
    /// 0: all.
    limit: usize,
    token: Option<Token>,
    /// The version that is asked for exactly.
    exact: Option<u64>,
    /// The version that has to be there at least.
    least: u64,
}

/// Where a list goes on: of which version, and after which object.
#[derive(Debug, Clone, PartialEq)]
struct Token {
    version: Option<u64>,
    after: Key,
}

impl Page {
    /// # Errors
    /// 400 for what cannot be read.
    pub fn of(query: &Query) -> Result<Self, Status> {
        let text = |name: &str| query.get(name).unwrap_or_default();
        let version = query.number("resourceVersion")?.unwrap_or(0);
        let exact = query.get("resourceVersionMatch") == Some("Exact");
        if exact && version == 0 {
            return Err(Status::bad_request(
                "resourceVersionMatch: Forbidden: resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"",
            ));
        }
        let token = query
            .get("continue")
            .map(|token| Token::read(token).ok_or_else(|| Status::bad_request("continue key is not valid")));
        Ok(Page {
            selector: Selector::new(text("labelSelector"), text("fieldSelector"))?,
            limit: usize::try_from(query.number("limit")?.unwrap_or(0)).unwrap_or(usize::MAX),
            token: token.transpose()?,
            exact: exact.then_some(version),
            least: version,
        })
    }

    /// Narrowed to the object that a path names, if it names one.
    pub fn named(mut self, name: &str) -> Self {
        if !name.is_empty() {
            self.selector.only(name);
        }
        self
    }

    /// The objects of this page.
    ///
    /// # Errors
    /// 410 where what happened since the first page is forgotten; 504 for a version that is still to come.
    pub fn list(
        &self,
        world: &World,
        resource: &'static Resource,
        namespace: Option<&str>,
    ) -> Result<(Head, Vec<Arc<Value>>), Status> {
        let store = &world.kubernetes;
        let current = store.version();
        if self.least > current {
            return Err(Status::too_large_version(self.least, current));
        }
        let continued = self.token.as_ref();
        let version = continued.and_then(|t| t.version).or(self.exact).unwrap_or(current);
        let after = continued.map(|t| &t.after);
        let all = store.at(version, resource, namespace, after).ok_or_else(|| self.too_old())?;
        let mut all = all.filter(|(_, object)| self.selector.selects(object));
        let limit = if self.limit == 0 { usize::MAX } else { self.limit };
        let (mut last, mut objects) = (None, Vec::new());
        for (key, object) in all.by_ref().take(limit) {
            last = Some(key);
            objects.push(object.clone());
        }
        let rest = all.count();
        let mut head = Head { version, ..Head::default() };
        if let Some(after) = last.filter(|_| rest > 0) {
            head.next = Token { version: Some(version), after: after.clone() }.write();
            // The API server does not count what it would have to select from.
            head.remaining = i64::try_from(rest).ok().filter(|_| self.selector.is_empty());
        }
        Ok((head, objects))
    }

    /// A continued list is told how to go on without being one of one instant.
    fn too_old(&self) -> Status {
        match &self.token {
            None => Status::expired("The resourceVersion for the provided list is too old."),
            Some(token) => {
                let next = Token { version: None, after: token.after.clone() }.write();
                Status { next, ..Status::expired(INCONSISTENT) }
            }
        }
    }
}

/// Source: Kubernetes `apiserver/pkg/storage/etcd3/errors.go`.
const INCONSISTENT: &str = "The provided continue parameter is too old to display a consistent list result. \
     You can start a new list without the continue parameter, or use the continue token in this response to \
     retrieve the remainder of the results. Continuing with the provided token results in an inconsistent \
     list - objects that were created, modified, or deleted between the time the first chunk was returned \
     and now may show up in the list.";

impl Token {
    /// Source: Kubernetes `apiserver/pkg/storage/continue.go`; the version -1 is whichever is the newest.
    fn write(&self) -> String {
        let version = self.version.and_then(|v| i64::try_from(v).ok()).unwrap_or(-1);
        let start = format!("{}/{}", self.after.namespace, self.after.name);
        let token = json!({"v": "meta.k8s.io/v1", "rv": version, "start": start});
        BASE64_URL_SAFE_NO_PAD.encode(token.to_string())
    }

    fn read(text: &str) -> Option<Self> {
        let token: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (namespace, name) = token["start"].as_str()?.split_once('/')?;
        let version = match token["rv"].as_i64()? {
            -1 => None,
            version => Some(u64::try_from(version).ok()?),
        };
        Some(Token { version, after: Key::new(namespace, name) })
    }
}
