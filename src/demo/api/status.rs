//! What the API server says where it does not do what was asked: `meta/v1` Status objects.
//!
//! Source of the sentences: Kubernetes 1.35, `apimachinery/pkg/api/errors`.

use super::request::Name;
use crate::demo::world::kubernetes::{Refusal, Resource};
use serde_json::{Value, json};

/// A refusal, as the client reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
    /// `group`, `kind`, `name`, `causes`, `retryAfterSeconds`; null where there are none.
    pub details: Value,
    /// Of a list that is too old: how to go on all the same.
    pub next: String,
}

impl Status {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Status { code, reason, message: message.into(), details: Value::Null, next: String::new() }
    }

    fn about(self, resource: &Name, name: &str) -> Self {
        let mut details = json!({"kind": resource.plural});
        if !name.is_empty() {
            details["name"] = json!(name);
        }
        if !resource.group.is_empty() {
            details["group"] = json!(resource.group);
        }
        Status { details, ..self }
    }

    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// `what`: who cannot do what where.
    pub fn forbidden(resource: &Name, name: &str, what: &str) -> Self {
        let name_in = if name.is_empty() { String::new() } else { format!(" \"{name}\"") };
        Self::new(403, "Forbidden", format!("{resource}{name_in} is forbidden: {what}")).about(resource, name)
    }

    pub fn not_found(resource: &Name, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{resource} \"{name}\" not found")).about(resource, name)
    }

    /// A path that serves nothing.
    pub fn no_such_path() -> Self {
        let status = Self::new(404, "NotFound", "the server could not find the requested resource");
        Status { details: json!({}), ..status }
    }

    pub fn exists(resource: &Name, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{resource} \"{name}\" already exists")).about(resource, name)
    }

    pub fn conflict(resource: &Name, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {resource} \"{name}\": {why}");
        Self::new(409, "Conflict", message).about(resource, name)
    }

    /// Source: `registry.OptimisticLockErrorMsg`.
    pub fn modified(resource: &Name, name: &str) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(resource, name, why)
    }

    /// `kind`: in the form of `StatefulSet.apps`. `kind_of_cause`: `FieldValueInvalid` and the like.
    pub fn invalid(kind: &Name, name: &str, field: &str, cause: &str, body: &str) -> Self {
        let message = format!("{kind} \"{name}\" is invalid: {field}: {body}");
        let mut status = Self::new(422, "Invalid", message).about(kind, name);
        status.details["causes"] = json!([{"reason": cause, "message": body, "field": field}]);
        status
    }

    pub fn unprocessable(message: &str) -> Self {
        Status { details: json!({}), ..Self::new(422, "Invalid", message) }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    pub fn not_acceptable(accepted: &str) -> Self {
        let message = format!("only the following media types are accepted: {accepted}");
        Self::new(406, "NotAcceptable", message)
    }

    pub fn unsupported_media(accepted: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {accepted}"
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    pub fn too_large(limit: usize) -> Self {
        Self::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {limit}"))
    }

    /// `what`: the HTTP method or the verb.
    pub fn not_allowed(resource: &Name, what: &str) -> Self {
        let message = format!("{what} is not supported on resources of kind \"{resource}\"");
        Self::new(405, "MethodNotAllowed", message).about(resource, "")
    }

    pub fn not_implemented(message: impl Into<String>) -> Self {
        Self::new(501, "NotImplemented", message)
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(503, "ServiceUnavailable", message)
    }

    /// An error that is told as it is. Source: `responsewriters.ErrorToAPIStatus`.
    pub fn plain(message: impl Into<String>) -> Self {
        Self::new(500, "", message)
    }

    /// The machine at `ip` does not answer.
    pub fn undialled(ip: &str) -> Self {
        Self::plain(format!("error dialing backend: dial tcp {ip}:10250: connect: no route to host"))
    }

    /// A version that is not there yet. Source: `storage.NewTooLargeResourceVersionError`.
    pub fn too_large_version(asked: u64, current: u64) -> Self {
        let words = "Too large resource version";
        let status = Self::new(504, "Timeout", format!("Timeout: {words}: {asked}, current: {current}"));
        let causes = json!([{"reason": "ResourceVersionTooLarge", "message": words}]);
        Status { details: json!({"causes": causes, "retryAfterSeconds": 1}), ..status }
    }

    /// An eviction that a budget does not allow.
    pub fn too_many_requests(message: &str, cause: Option<&str>) -> Self {
        let mut details = json!({});
        if let Some(cause) = cause {
            details["causes"] = json!([{"reason": "DisruptionBudget", "message": cause}]);
        }
        Status { details, ..Self::new(429, "TooManyRequests", message) }
    }

    /// What the world refused.
    pub fn refused(resource: &'static Resource, name: &str, refusal: Refusal) -> Self {
        let named = Name::from(resource);
        match refusal {
            Refusal::NotFound => Self::not_found(&named, name),
            Refusal::AlreadyExists => Self::exists(&named, name),
            Refusal::Conflict => Self::modified(&named, name),
            Refusal::Precondition(why) => Self::conflict(&named, name, &why),
            Refusal::Budget { message, cause } => Self::too_many_requests(&message, cause.as_deref()),
            Refusal::Internal(why) => Self::plain(why),
            Refusal::BadRequest(why) => Self::bad_request(why),
            Refusal::Invalid(why) => {
                let kind = Name { plural: resource.kind, ..named };
                let message = format!("{kind} \"{name}\" is invalid: {why}");
                Self::new(422, "Invalid", message).about(&kind, name)
            }
        }
    }

    pub fn json(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        if !self.next.is_empty() {
            status["metadata"]["continue"] = json!(self.next);
        }
        if !self.details.is_null() {
            status["details"] = self.details.clone();
        }
        status
    }
}

/// What the server says where it did what was asked and has no object to show.
pub fn success(details: Value) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}
