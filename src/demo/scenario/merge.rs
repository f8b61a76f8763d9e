//! A scenario's file over its base.

use toml::{Table, Value};

/// Puts `own` over `base`: tables field by field; lists of tables by what names them, where one that says
/// `without = true` takes away what the base has; all else is replaced.
pub fn over(base: &mut Table, own: Table) {
    for (field, value) in own {
        match (base.get_mut(&field), value) {
            (Some(Value::Table(base)), Value::Table(own)) => over(base, own),
            (Some(Value::Array(base)), Value::Array(own))
                if own.iter().all(|one| identity(one).is_some()) =>
            {
                own.into_iter().for_each(|one| put(base, one));
            }
            (_, value) => {
                base.insert(field, value);
            }
        }
    }
}

fn put(base: &mut Vec<Value>, one: Value) {
    let at = base.iter().position(|other| identity(other) == identity(&one));
    let without = one.get("without").is_some();
    match (at, one) {
        (Some(at), _) if without => {
            base.remove(at);
        }
        (Some(at), Value::Table(one)) => {
            if let Value::Table(base) = &mut base[at] {
                over(base, one);
            }
        }
        (_, one) => base.push(one),
    }
}

/// Namespace and name, or the image, of an entry.
fn identity(value: &Value) -> Option<(Option<&str>, &str)> {
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    Some((text("namespace"), text("name").or(text("image").filter(|_| text("name").is_none()))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_says_is_put_over_the_base_by_name() {
        let mut base: Table = "lead = '5m'\n[nodes]\nper-zone = 2\n[[kafka]]\nname = 'a'\nbrokers = 3\n\
                               [[kafka]]\nname = 'b'\nbrokers = 1"
            .parse()
            .unwrap();
        let own = "lead = '9m'\n[nodes]\ncpu = '8'\n[[kafka]]\nname = 'a'\ndisk = '1Gi'\n\
                   [[kafka]]\nname = 'b'\nwithout = true\n[[kafka]]\nname = 'c'";
        over(&mut base, own.parse().unwrap());
        let expected: Table =
            "lead = '9m'\n[nodes]\nper-zone = 2\ncpu = '8'\n[[kafka]]\nname = 'a'\nbrokers = 3\n\
                               disk = '1Gi'\n[[kafka]]\nname = 'c'"
                .parse()
                .unwrap();
        assert_eq!(base, expected);
    }
}
