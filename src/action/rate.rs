//! How fast something may be copied, as it is typed: `off 4 at 50MiB`.

use crate::domain::human;

/// Units, with the bytes of one.
const UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];
/// What is typed is said again up to so many characters.
const SAID: usize = 40;

/// An argument without the ` at RATE` that it may end with, and that rate in bytes a second; None: as fast as it
/// goes.
///
/// # Errors
/// What follows the `at` is no rate.
pub fn split(argument: &str) -> Result<(&str, Option<u64>), String> {
    let argument = argument.trim();
    let words = argument.rsplit_once(char::is_whitespace).filter(|(before, _)| {
        let before = before.trim_end();
        before == "at" || before.strip_suffix("at").is_some_and(|rest| rest.ends_with(char::is_whitespace))
    });
    match words {
        // A file's contents end with a brace.
        Some((before, rate)) if !rate.ends_with('}') => {
            Ok((before.trim_end().trim_end_matches("at").trim_end(), parse(rate)?))
        }
        _ => Ok((argument, None)),
    }
}

/// A rate in bytes a second; None: `none`. A number without a unit is none: 10 B/s and 10 MiB/s were taken for one
/// another (strimzi#10122).
///
/// # Errors
/// What to type instead.
pub fn parse(text: &str) -> Result<Option<u64>, String> {
    let said = || text.chars().take(SAID).collect::<String>();
    let typed = text.trim();
    if typed == "none" {
        return Ok(None);
    }
    let typed = typed.strip_suffix("/s").unwrap_or(typed);
    let unit = UNITS.iter().find_map(|(unit, bytes)| {
        let end = typed.len().checked_sub(unit.len()).filter(|at| typed.is_char_boundary(*at))?;
        let (number, suffix) = typed.split_at(end);
        suffix.eq_ignore_ascii_case(unit).then_some((number.trim(), *bytes))
    });
    let Some((number, unit)) = unit else {
        return Err(match typed.parse::<f64>() {
            Ok(_) => format!("{typed} of what? type the rate with its unit: {typed}MiB or {typed}B"),
            Err(_) => format!("{:?} is no rate; type it as in `at 50MiB`, a second, or `at none`", said()),
        });
    };
    let plain = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let bytes = number.parse::<f64>().ok().filter(|_| plain).map(|n| (n * unit as f64).round());
    match bytes {
        Some(bytes) if bytes >= 1.0 && bytes < i64::MAX as f64 => Ok(Some(bytes as u64)),
        Some(bytes) if bytes < 1.0 => Err(format!("{:?} copies nothing; type 1B or more", said())),
        _ => Err(format!("{:?} is no rate; type it as in `at 50MiB`, a second, or `at none`", said())),
    }
}

/// `52428800 B/s (50.0 MiB/s)`: exact, because it is set so, and as people read it.
pub fn words(rate: u64) -> String {
    format!("{rate} B/s ({})", human::byte_rate(rate as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_a_unit() {
        for (text, rate) in [
            ("50MiB", Some(50 << 20)),
            ("50MiB/s", Some(50 << 20)),
            ("50mib", Some(50 << 20)),
            ("1.5GiB", Some(3 << 29)),
            ("10 MB/s", Some(10_000_000)),
            ("700kB", Some(700_000)),
            ("1024B", Some(1024)),
            ("none", None),
        ] {
            assert_eq!(parse(text), Ok(rate), "{text}");
        }
        for (text, why) in [
            ("50", "50 of what? type the rate with its unit: 50MiB or 50B"),
            ("fast", "\"fast\" is no rate"),
            ("-5MiB", "is no rate"),
            ("1e9MiB", "is no rate"),
            ("nanMiB", "is no rate"),
            ("MiB", "is no rate"),
            ("", "is no rate"),
            ("0B", "copies nothing"),
            ("99999999999GiB", "is no rate"),
            ("\u{1b}[2J", "\"\\u{1b}[2J\" is no rate"),
            ("ü", "is no rate"),
        ] {
            let said = parse(text).expect_err(text);
            assert!(said.contains(why), "{text}: {said}");
        }
        assert_eq!(words(50 << 20), "52428800 B/s (50.0 MiB/s)");
    }

    #[test]
    fn an_argument_ends_with_its_rate() {
        for (text, split_) in [
            ("off 4 at 50MiB", ("off 4", Some(50 << 20))),
            ("  to 1,2,3   at   1GiB/s ", ("to 1,2,3", Some(1 << 30))),
            ("at 50MiB", ("", Some(50 << 20))),
            ("off 4 at none", ("off 4", None)),
            ("off 4", ("off 4", None)),
            ("", ("", None)),
            ("{\"version\":1}", ("{\"version\":1}", None)),
            ("{\"topic\":\"at x\"}", ("{\"topic\":\"at x\"}", None)),
            ("{\n}\nat 5MB", ("{\n}", Some(5_000_000))),
        ] {
            assert_eq!(split(text), Ok(split_), "{text:?}");
        }
        assert!(split("off 4 at 50").is_err() && split("off 4 at once").is_err());
    }
}
