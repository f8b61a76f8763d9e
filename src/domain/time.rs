//! Instants and ages. The clock itself is outside: every rule takes `now`.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// An instant: milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Time(pub i64);

impl Time {
    /// How long after `earlier` this is; zero when it is not after it (clocks differ between machines).
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    pub fn plus(self, span: Duration) -> Time {
        Time(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    pub fn minus(self, span: Duration) -> Time {
        Time(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

/// An age as kubectl prints it.
///
/// Source: apimachinery `duration.HumanDuration`: under 2m `s`, 10m `m s`, 3h `m`, 8h `h m`, 48h `h`,
/// 8d `d h`, 2y `d`, 8y `y d`, then `y`; a zero second part is left out.
pub fn age(span: Duration) -> String {
    let s = span.as_secs();
    let (m, h, d) = (s / 60, s / 3600, s / 86_400);
    let two = |big: u64, unit: &str, small: u64, sub: &str| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{sub}") }
    };
    match s {
        0..120 => format!("{s}s"),
        120..600 => two(m, "m", s % 60, "s"),
        600..10_800 => format!("{m}m"),
        10_800..28_800 => two(h, "h", m % 60, "m"),
        28_800..172_800 => format!("{h}h"),
        172_800..691_200 => two(d, "d", h % 24, "h"),
        691_200..63_072_000 => format!("{d}d"),
        63_072_000..252_288_000 => two(d / 365, "y", d % 365, "d"),
        _ => format!("{}y", d / 365),
    }
}

/// Reads a length of time: a number and one of `s`, `m`, `h`, `d`.
pub fn span(typed: &str) -> Option<Duration> {
    let unit = match typed.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let count: u32 = typed[..typed.len() - 1].trim().parse().ok()?;
    Some(Duration::from_secs(u64::from(count) * unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_read_as_kubectls() {
        let cases = [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (599, "9m59s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (11_000, "3h3m"),
            (28_800, "8h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (180_000, "2d2h"),
            (691_200, "8d"),
            (63_072_000, "2y"),
            (63_072_000 + 86_400, "2y1d"),
            (252_288_000, "8y"),
        ];
        for (seconds, text) in cases {
            assert_eq!(age(Duration::from_secs(seconds)), text, "{seconds} s");
        }
    }

    #[test]
    fn lengths_are_read_with_their_unit() {
        for (typed, seconds) in [("30s", 30), ("15m", 900), ("2h", 7_200), ("1d", 86_400)] {
            assert_eq!(span(typed), Some(Duration::from_secs(seconds)), "{typed}");
        }
        for typed in ["", "15", "m", "-5m", "1.5h", "15é"] {
            assert_eq!(span(typed), None, "{typed}");
        }
    }

    #[test]
    fn a_later_time_is_never_negative_ago() {
        assert_eq!(Time(5).since(Time(9)), Duration::ZERO);
    }
}
