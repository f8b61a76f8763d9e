//! Numbers as people read them.

use std::fmt::Display;

/// Exact with thousands separators below 100,000, then to three or four digits: `12,345`, `1.23M`.
pub fn count(n: u64) -> String {
    if n >= 100_000 {
        return scaled(n as f64, 1000.0, &["", "k", "M", "G", "T", "P", "E"], "");
    }
    if n < 1000 { n.to_string() } else { format!("{},{:03}", n / 1000, n % 1000) }
}

/// With a binary prefix: `1.25 MiB`.
pub fn bytes(n: u64) -> String {
    bytes_of(n as f64)
}

/// Bytes per second: `1.25 MiB/s`.
pub fn byte_rate(per_second: f64) -> String {
    format!("{}/s", bytes_of(per_second))
}

/// Events per second: `0.25/s`, `12.3/s`, `1.2k/s`.
pub fn rate(per_second: f64) -> String {
    if per_second == 0.0 {
        return "0/s".into();
    }
    format!("{}/s", scaled(per_second, 1000.0, &["", "k", "M", "G"], ""))
}

/// `61%`.
pub fn percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

/// `1 broker`, `2 brokers`.
pub fn plural(n: usize, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {noun}{s}", count(n as u64))
}

/// `1, 2, 3`; after `most` of them how many are left out: `1, 2 and 3 more`.
pub fn list<T: Display>(items: impl IntoIterator<Item = T>, most: usize) -> String {
    let mut items = items.into_iter();
    let shown: Vec<_> = items.by_ref().take(most).map(|i| i.to_string()).collect();
    match items.count() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn bytes_of(n: f64) -> String {
    if n < 1024.0 {
        return format!("{n:.0} B");
    }
    scaled(n, 1024.0, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], " ")
}

/// Three digits at least: a value below 10 has two decimals, below 100 one.
fn scaled(n: f64, base: f64, prefixes: &[&str], space: &str) -> String {
    let mut value = n;
    let mut step = 0;
    // 999.5 would be written as 1000.
    while value.abs() >= base - 0.5 && step + 1 < prefixes.len() {
        value /= base;
        step += 1;
    }
    let decimals = match value.abs() {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}{space}{}", prefixes[step])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_exact_while_they_are_small() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (12_045, "12,045"),
            (99_999, "99,999"),
            (100_000, "100k"),
            (999_999, "1.00M"),
            (1_234_567, "1.23M"),
        ] {
            assert_eq!(count(n), text);
        }
    }

    #[test]
    fn bytes_have_binary_prefixes() {
        for (n, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (1_310_720, "1.25 MiB"),
            (1024 * 1024 - 1, "1.00 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(bytes(n), text);
        }
        assert_eq!(byte_rate(0.0), "0 B/s");
        assert_eq!((rate(0.0), rate(0.25), rate(1234.0)), ("0/s".into(), "0.25/s".into(), "1.23k/s".into()));
    }

    #[test]
    fn lists_say_what_they_leave_out() {
        assert_eq!(list([1, 2, 3], 3), "1, 2, 3");
        assert_eq!(list([1, 2, 3], 1), "1 and 2 more");
        assert_eq!((plural(1, "broker"), plural(0, "broker")), ("1 broker".into(), "0 brokers".into()));
    }
}
