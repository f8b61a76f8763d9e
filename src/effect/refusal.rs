//! What the API server says against a write, in one sentence that says what to do.

use super::kubernetes::Order;
use crate::{action::Said, domain::Text};
use http::StatusCode;
use serde_json::Value;

/// From an answer that is no success, or is one by its head alone.
pub fn said(order: &Order, code: StatusCode, body: &Value) -> Said {
    let message = body["message"].as_str().unwrap_or_default().trim();
    let about = &order.about;
    let text = match code.as_u16() {
        401 => "the API server does not accept the credentials (401); nothing was done".into(),
        403 if message.contains(" cannot ") => denied(order),
        404 => format!("{about} is gone"),
        409 if of_another(message) => replaced(about),
        409 => format!("it changed since you looked: {about} is no longer as it was shown; look again"),
        422 if message.contains("metadata.uid") => replaced(about),
        429 => return Said::Refused(busy(body, message)),
        408 | 502 | 504 => return Said::Unheard(answers(code, message).into()),
        // A webhook is asked before anything is done; the store may fail after it.
        500 if !message.contains("webhook") => return Said::Unheard(answers(code, message).into()),
        _ => format!("{}; nothing was done", answers(code, message)),
    };
    Said::Refused(text.into())
}

fn answers(code: StatusCode, message: &str) -> String {
    match message {
        "" => format!("the API server answers {}", code.as_u16()),
        text => format!("the API server answers ({}): {}", code.as_u16(), text.trim_end_matches('.')),
    }
}

fn denied(order: &Order) -> String {
    let Order { verb, resource, subresource, namespace, .. } = order;
    let slash = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
    let option = if subresource.is_empty() { String::new() } else { format!(" --subresource={subresource}") };
    let (place, flag) = match &**namespace {
        "" => (String::new(), String::new()),
        ns => (format!(" in the namespace {ns}"), format!(" -n {ns}")),
    };
    format!(
        "no permission to {verb} {resource}{slash}{place}: kubectl auth can-i {verb} {resource}{option}{flag}"
    )
}

/// Source: Kubernetes `storage.Preconditions.Check` and `rest.BeforeDelete`.
fn of_another(message: &str) -> bool {
    ["UID in precondition", "the UID in the precondition", "uid mismatch"].iter().any(|w| message.contains(w))
}

fn replaced(about: &str) -> String {
    format!("it changed since you looked: another {about} is in its place; look again")
}

/// 429: a disruption budget says no, in its own words, or the server has too much to do.
fn busy(body: &Value, message: &str) -> Text {
    let causes = body["details"]["causes"].as_array().into_iter().flatten();
    let budgets: Vec<&str> = causes
        .filter(|cause| cause["reason"] == "DisruptionBudget")
        .filter_map(|cause| cause["message"].as_str())
        .map(|text| text.trim_end_matches('.'))
        .collect();
    match budgets[..] {
        [] if message.contains("disruption budget") => message.trim_end_matches('.').into(),
        [] => "the API server has too much to do (429); nothing was done: try again later".into(),
        _ => budgets.join("; ").into(),
    }
}
