//! Label and field selectors.

use super::status::Status;
use serde_json::Value;

/// What a list or a watch is narrowed to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selector {
    labels: Vec<Label>,
    fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq)]
enum Label {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
}

#[derive(Debug, Clone, PartialEq)]
struct Field {
    path: String,
    value: String,
    equal: bool,
}

impl Selector {
    /// # Errors
    /// 400 for what is no selector and for a field that cannot be selected by.
    pub fn new(labels: &str, fields: &str) -> Result<Self, Status> {
        let labels = split(labels).into_iter().map(label).collect::<Result<_, _>>()?;
        let fields = split(fields).into_iter().map(field).collect::<Result<_, _>>()?;
        Ok(Selector { labels, fields })
    }

    /// Selects only what is called `name`.
    pub fn only(&mut self, name: &str) {
        self.fields.push(Field { path: "metadata.name".to_owned(), value: name.to_owned(), equal: true });
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub fn selects(&self, object: &Value) -> bool {
        self.labels.iter().all(|l| l.holds(&object["metadata"]["labels"]))
            && self.fields.iter().all(|f| f.holds(object))
    }
}

impl Label {
    fn holds(&self, labels: &Value) -> bool {
        let value = |key: &str| labels[key].as_str();
        match self {
            Label::In(key, values) => value(key).is_some_and(|v| values.iter().any(|w| w == v)),
            Label::NotIn(key, values) => value(key).is_none_or(|v| values.iter().all(|w| w != v)),
            Label::Exists(key) => value(key).is_some(),
            Label::Missing(key) => value(key).is_none(),
        }
    }
}

impl Field {
    fn holds(&self, object: &Value) -> bool {
        let value = self.path.split('.').fold(object, |value, name| &value[name]);
        let text = match value {
            Value::String(text) => text.clone(),
            // A field that is not there is as an empty one; a flag as false.
            Value::Null if self.path == "spec.unschedulable" => "false".to_owned(),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        (text == self.value) == self.equal
    }
}

/// At the commas that are not in parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn label(text: &str) -> Result<Label, Status> {
    let wrong = || Status::bad_request(format!("unable to parse requirement: found '{text}'"));
    let word = |word: &str| {
        let word = word.trim();
        let fits = word.chars().all(|c| c.is_alphanumeric() || "-_./".contains(c));
        if fits { Ok(word.to_owned()) } else { Err(wrong()) }
    };
    if let Some((key, values)) = text.split_once('(') {
        let values = values.strip_suffix(')').ok_or_else(wrong)?;
        let values = values.split(',').map(word).collect::<Result<Vec<_>, _>>()?;
        return match key.split_whitespace().collect::<Vec<_>>()[..] {
            [key, "in"] => Ok(Label::In(word(key)?, values)),
            [key, "notin"] => Ok(Label::NotIn(word(key)?, values)),
            _ => Err(wrong()),
        };
    }
    if let Some((key, value)) = text.split_once("!=") {
        return Ok(Label::NotIn(word(key)?, vec![word(value)?]));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Ok(Label::In(word(key)?, vec![word(value)?]));
    }
    match text.strip_prefix('!') {
        Some(key) => word(key).map(Label::Missing),
        None => word(text).map(Label::Exists),
    }
}

/// Fields that some kind can be selected by.
const FIELDS: [&str; 16] = [
    "metadata.name",
    "metadata.namespace",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.unschedulable",
    "status.phase",
    "status.podIP",
    "type",
    "reason",
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.fieldPath",
];

fn field(text: &str) -> Result<Field, Status> {
    let wrong = || Status::bad_request(format!("invalid selector: '{text}'; can't understand '{text}'"));
    let unequal = text.split_once("!=").map(|parts| (parts, false));
    let equal = || text.split_once("==").or_else(|| text.split_once('=')).map(|parts| (parts, true));
    let ((path, value), equal) = unequal.or_else(equal).ok_or_else(wrong)?;
    if !FIELDS.contains(&path) {
        return Err(Status::bad_request(format!("field label not supported: {path}")));
    }
    Ok(Field { path: path.to_owned(), value: value.to_owned(), equal })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_hold_as_kubectl_writes_them() {
        let pod = json!({
            "metadata": {"name": "kafka-0", "labels": {"app": "kafka", "tier": "data"}},
            "spec": {"nodeName": "node-1"},
        });
        let cases = [
            ("", "", true),
            ("app=kafka", "", true),
            ("app==kafka,tier!=web", "", true),
            ("app in (kafka, zookeeper),!gone", "", true),
            ("app notin (kafka)", "", false),
            ("gone", "", false),
            ("gone!=x", "", true),
            ("app", "spec.nodeName=node-1", true),
            ("", "spec.nodeName!=node-1", false),
            ("", "metadata.name=kafka-0,status.phase!=Running", true),
            ("", "spec.unschedulable=false", true),
        ];
        for (labels, fields, selected) in cases {
            let selector = Selector::new(labels, fields).unwrap();
            assert_eq!(selector.selects(&pod), selected, "{labels} {fields}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for (labels, fields) in [("a in b", ""), ("a in (b", ""), ("", "spec.image=x"), ("", "metadata.name")]
        {
            assert_eq!(Selector::new(labels, fields).unwrap_err().code, 400, "{labels} {fields}");
        }
    }
}
