//! Small drawings in a cell.

/// The last points, one a column, scaled to the largest; gaps are blank.
pub fn spark(points: &[Option<f64>], width: usize) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shown = &points[points.len().saturating_sub(width)..];
    let top = shown.iter().flatten().copied().fold(0.0_f64, f64::max);
    let mut out = " ".repeat(width - shown.len());
    out.extend(shown.iter().map(|p| match p {
        None => ' ',
        Some(v) if top > 0.0 => LEVELS[((v.max(0.0) / top * 7.0).round() as usize).min(7)],
        Some(_) => LEVELS[0],
    }));
    out
}

/// A bar of a share from 0 to 1.
pub fn gauge(share: f64, width: usize) -> String {
    let full = (share.clamp(0.0, 1.0) * width as f64).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(width - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparks_keep_gaps_and_the_newest() {
        assert_eq!(spark(&[Some(0.0), Some(7.0), None, Some(14.0)], 4), "▁▅ █");
        assert_eq!(spark(&[Some(1.0), Some(0.0)], 4), "  █▁");
        assert_eq!(spark(&[Some(9.0), Some(0.0), Some(0.0)], 2), "▁▁");
        assert_eq!(spark(&[], 2), "  ");
    }

    #[test]
    fn gauges_are_full_at_one() {
        assert_eq!(gauge(0.5, 4), "██░░");
        assert_eq!(gauge(7.0, 4), "████");
        assert_eq!(gauge(f64::NAN, 2), "░░");
    }
}
