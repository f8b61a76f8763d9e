//! Instants as people read and type them, in UTC.

use crate::domain::time::{Time, span};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// `2026-03-01 12:00:05Z`.
pub fn utc(time: Time) -> String {
    match Timestamp::from_millisecond(time.0) {
        Ok(t) => t.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
        Err(_) => format!("{} ms", time.0),
    }
}

/// Reads an instant: an age (`15m`, `2h`), a time of today's UTC day (`14:05`), a date, or both
/// (`2026-03-01 14:05`).
pub fn read(typed: &str, now: Time) -> Option<Time> {
    let typed = typed.trim().trim_end_matches('Z').replace('T', " ");
    if let Some(span) = span(&typed) {
        return Some(now.minus(span));
    }
    let midnight = |typed: &str| format!("{typed} 00:00");
    let today = Timestamp::from_millisecond(now.0).ok()?.strftime("%Y-%m-%d").to_string();
    [typed.clone(), midnight(&typed), format!("{today} {typed}")].iter().find_map(|text| {
        let civil = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"];
        let civil = civil.iter().find_map(|f| DateTime::strptime(f, text).ok())?;
        Some(Time(civil.to_zoned(TimeZone::UTC).ok()?.timestamp().as_millisecond()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: Time = Time(1_772_366_405_000); // 2026-03-01 12:00:05Z

    #[test]
    fn an_instant_is_read_as_it_is_written() {
        assert_eq!(utc(NOW), "2026-03-01 12:00:05Z");
        assert_eq!(read("2026-03-01 12:00:05Z", NOW), Some(NOW));
        assert_eq!(read("2026-03-01T12:00:05Z", NOW), Some(NOW));
        assert_eq!(read("12:00:05", NOW), Some(NOW));
        assert_eq!(read("2026-03-01", NOW).map(utc).as_deref(), Some("2026-03-01 00:00:00Z"));
        assert_eq!(read("15m", NOW), Some(NOW.minus(Duration::from_secs(900))));
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for typed in ["", "soon", "25:00", "m", "é"] {
            assert_eq!(read(typed, NOW), None, "{typed}");
        }
    }
}
