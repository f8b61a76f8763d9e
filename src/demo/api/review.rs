//! What the API server answers about the one who asks.

use super::{
    request::Asked,
    rights::{User, Wish},
};
use serde_json::{Value, json};

/// A question that keeps nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    Access,
    Rules,
    /// Who am I?
    Subject,
}

impl Review {
    pub fn of(asked: &Asked) -> Option<Self> {
        let place = (asked.verb, &*asked.group, &*asked.version, &*asked.plural);
        match place {
            ("create", "authorization.k8s.io", "v1", "selfsubjectaccessreviews") => Some(Review::Access),
            ("create", "authorization.k8s.io", "v1", "selfsubjectrulesreviews") => Some(Review::Rules),
            ("create", "authentication.k8s.io", "v1", "selfsubjectreviews") => Some(Review::Subject),
            _ => None,
        }
    }

    /// The question with its answer in `status`.
    pub fn answer(self, user: &User, mut question: Value) -> Value {
        if !question.is_object() {
            question = json!({});
        }
        let (kind, group, status) = match self {
            Review::Access => ("SelfSubjectAccessReview", "authorization", access(user, &question["spec"])),
            Review::Rules => ("SelfSubjectRulesReview", "authorization", rules(user, &question["spec"])),
            Review::Subject => ("SelfSubjectReview", "authentication", subject(user)),
        };
        question["kind"] = json!(kind);
        question["apiVersion"] = json!(format!("{group}.k8s.io/v1"));
        question["metadata"] = json!({"creationTimestamp": null});
        question["status"] = status;
        question
    }
}

fn access(user: &User, spec: &Value) -> Value {
    let asked = &spec["resourceAttributes"];
    let text = |name: &str| asked[name].as_str().unwrap_or_default();
    let allowed = if asked.is_object() {
        let resource = match text("subresource") {
            "" => text("resource").to_owned(),
            below => format!("{}/{below}", text("resource")),
        };
        let (verb, group, namespace) = (text("verb"), text("group"), text("namespace"));
        user.may(Wish { verb, group, resource: &resource, namespace }).map(str::to_owned)
    } else {
        let path = spec["nonResourceAttributes"]["path"].as_str().unwrap_or_default();
        user.may_look_at(path).then(String::new)
    };
    match allowed {
        None => json!({"allowed": false}),
        Some(reason) if reason.is_empty() => json!({"allowed": true}),
        Some(reason) => json!({"allowed": true, "reason": reason}),
    }
}

fn rules(user: &User, spec: &Value) -> Value {
    let namespace = spec["namespace"].as_str().unwrap_or_default();
    let paths = json!({"verbs": ["get"], "nonResourceURLs": super::discovery::OPEN});
    json!({"resourceRules": user.rules(namespace), "nonResourceRules": [paths], "incomplete": false})
}

fn subject(user: &User) -> Value {
    json!({"userInfo": {"username": user.name, "groups": [user.group, "system:authenticated"]}})
}
