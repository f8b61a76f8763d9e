//! Names of journals' files: `cluster@context@id.jsonl`, without the id until Kafka has told it.
//!
//! No name can make a file leave its folder, and names are found again in the file's: what is not plain is
//! percent-encoded, a long one ends in its digest.

use crate::action::journal::Whose;
use ring::digest::{SHA256, digest};

const ENDING: &str = ".jsonl";
/// Is encoded in names.
const BETWEEN: char = '@';
/// File systems take names of 255 bytes.
const LONGEST: usize = 60;
/// For what has no name: no name is encoded so.
const NAMELESS: &str = "%";

pub fn file(whose: &Whose) -> String {
    parts(whose).join(&BETWEEN.to_string()) + ENDING
}

fn parts(whose: &Whose) -> Vec<String> {
    let names = [Some(&whose.cluster), Some(&whose.context), whose.id.as_ref()];
    names.into_iter().flatten().map(|name| encoded(name)).collect()
}

/// Whether the file's journal may tell of that cluster. Where either does not know the id, names have to do.
pub fn is_of(file: &str, whose: &Whose) -> bool {
    let mine: Vec<&str> = file.strip_suffix(ENDING).unwrap_or_default().split(BETWEEN).collect();
    mine.len() > 1 && mine.iter().zip(&parts(whose)).all(|(mine, wanted)| mine == wanted)
}

/// The names of the cluster, as far as it goes, and of its context from a journal's file's. One that was named
/// by its cluster alone has an empty context.
pub fn of_file(file: &str) -> Option<(String, String)> {
    let name = file.strip_suffix(ENDING).filter(|_| !file.starts_with('.'))?;
    let mut parts = name.split(BETWEEN).map(decoded);
    Some((parts.next()?, parts.next().unwrap_or_default()))
}

fn encoded(name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => encoded.push(byte.into()),
            b'.' if !encoded.is_empty() => encoded.push('.'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    if encoded.is_empty() {
        encoded.push_str(NAMELESS);
    }
    if encoded.len() > LONGEST {
        let print = digest(&SHA256, name.as_bytes());
        encoded.truncate(LONGEST);
        encoded.push('~');
        print.as_ref()[..8].iter().for_each(|byte| encoded.push_str(&format!("{byte:02x}")));
    }
    encoded
}

/// The name; of one that was too long its beginning.
fn decoded(name: &str) -> String {
    if name == NAMELESS {
        return String::new();
    }
    let mut parts = name.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        // What is no encoding of ours stays as it is.
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => bytes.extend_from_slice(format!("%{part}").as_bytes()),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::Path;

    fn name() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[./%@a-z]{0,12}", "[/é]{100,300}"]
    }

    proptest! {
        /// Names come from Kubernetes, from Kafka and from files: any text.
        #[test]
        fn a_file_stays_in_its_folder_and_its_names_are_found_again(
            names in (name(), name(), proptest::option::of(name())),
            others in ("[./%@a-zA-Z~]{0,6}", "[./%@a-z]{0,2}", proptest::option::of("[@a]{0,2}")),
        ) {
            let whose = |(cluster, context, id): &(String, String, Option<String>)| Whose {
                cluster: cluster.as_str().into(),
                context: context.as_str().into(),
                id: id.as_deref().map(Into::into),
            };
            let file = super::file(&whose(&names));
            prop_assert!(file.len() <= 245 && !file.starts_with('.'), "{file}");
            prop_assert!(!file.contains(['/', '\0']), "{file}");
            let path = Path::new("/j").join(&file);
            prop_assert_eq!(path.parent(), Some(Path::new("/j")));
            if !file.contains('~') {
                prop_assert_eq!(of_file(&file), Some((names.0.clone(), names.1.clone())));
            }
            prop_assert!(is_of(&file, &whose(&names)));
            prop_assert!(names == others || super::file(&whose(&others)) != file);
        }
    }

    #[test]
    fn a_journal_is_of_its_context_and_of_its_cluster_as_far_as_the_id_is_known() {
        let whose = |context: &str, id: Option<&str>| Whose {
            cluster: "kafka/kafka".into(),
            context: context.into(),
            id: id.map(Into::into),
        };
        assert_eq!(file(&whose("prod", Some("lkc-1"))), "kafka%2Fkafka@prod@lkc-1.jsonl");
        let files = [None, Some("lkc-1"), Some("lkc-2")].map(|id| file(&whose("prod", id)));
        let of = |id| files.iter().map(|f| is_of(f, &whose("prod", id))).collect::<Vec<_>>();
        assert_eq!(of(Some("lkc-1")), [true, true, false]);
        assert_eq!(of(None), [true, true, true]);
        assert!(files.iter().all(|f| !is_of(f, &whose("test", None))));
        assert_eq!(of_file("kafka%2Fkafka.jsonl"), Some(("kafka/kafka".into(), String::new())));
    }
}
