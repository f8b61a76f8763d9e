//! Every shipped theme can be read by everybody.

use super::*;

fn all() -> Vec<Theme> {
    let texts = embedded();
    EMBEDDED.iter().map(|(name, _)| Theme::read(name, &texts).unwrap()).collect()
}

/// xterm's colours for the names, so that the sixteen can be judged at all.
fn rgb(color: Color) -> Option<[f64; 3]> {
    let [r, g, b] = match color {
        Color::Rgb(r, g, b) => [r, g, b],
        Color::Black => [0, 0, 0],
        Color::Blue => [0, 0, 170],
        Color::Gray => [192, 192, 192],
        Color::White => [255, 255, 255],
        Color::LightRed => [255, 85, 85],
        Color::LightGreen => [85, 255, 85],
        Color::LightYellow => [255, 255, 85],
        Color::LightMagenta => [255, 85, 255],
        Color::LightCyan => [85, 255, 255],
        Color::Reset => return None,
        other => panic!("{other} is not judged"),
    };
    Some([r, g, b].map(|c| f64::from(c) / 255.0))
}

fn linear(c: f64) -> f64 {
    if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

/// Source: WCAG 2.2, relative luminance and contrast ratio.
fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
    let luminance = |c: [f64; 3]| 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn every_style_stands_out_from_its_background() {
    for theme in all() {
        for (name, role) in ROLES {
            let style = theme.style(role);
            let (Some(fg), Some(bg)) = (style.fg.and_then(rgb), style.bg.and_then(rgb)) else {
                assert_eq!(theme.name, "mono", "{name} has no colours");
                continue;
            };
            let least = if role == Role::Border || name.starts_with("chart") { 3.0 } else { 4.5 };
            let ratio = contrast(fg, bg);
            assert!(ratio >= least, "{} of {}: {ratio:.2} is below {least}", name, theme.name);
        }
    }
}

#[test]
fn warnings_stay_readable_on_the_selection() {
    for theme in all() {
        let bar = theme.style(Role::Selection);
        for role in [Role::Warning, Role::Critical] {
            let (Some(fg), Some(bg)) = (theme.style(role).fg.and_then(rgb), bar.bg.and_then(rgb)) else {
                continue;
            };
            let ratio = contrast(fg, bg);
            assert!(ratio >= 3.0, "{role:?} on the selection of {}: {ratio:.2}", theme.name);
        }
    }
}

/// How a colour looks without one kind of cone.
///
/// Source: Viénot, Brettel and Mollon 1999, in linear RGB.
fn seen(color: [f64; 3], matrix: [[f64; 3]; 3]) -> [f64; 3] {
    let c = color.map(linear);
    matrix.map(|row| row[0] * c[0] + row[1] * c[1] + row[2] * c[2])
}

const DEUTERANOPIA: [[f64; 3]; 3] =
    [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]];
const PROTANOPIA: [[f64; 3]; 3] =
    [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]];

/// CIE L*a*b* of linear RGB, D65.
fn lab(c: [f64; 3]) -> [f64; 3] {
    let xyz = [
        (0.4124 * c[0] + 0.3576 * c[1] + 0.1805 * c[2]) / 0.9505,
        0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2],
        (0.0193 * c[0] + 0.1192 * c[1] + 0.9505 * c[2]) / 1.089,
    ];
    let [x, y, z] = xyz.map(|t| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[test]
fn good_warning_and_critical_differ_for_every_eye() {
    let theme = Theme::read("colour-blind", &embedded()).unwrap();
    let color = |role| theme.style(role).fg.and_then(rgb).unwrap();
    for matrix in [DEUTERANOPIA, PROTANOPIA] {
        for (a, b) in
            [(Role::Good, Role::Warning), (Role::Warning, Role::Critical), (Role::Good, Role::Critical)]
        {
            let (one, other) = (lab(seen(color(a), matrix)), lab(seen(color(b), matrix)));
            let distance = one.iter().zip(other).map(|(p, q)| (p - q).powi(2)).sum::<f64>().sqrt();
            assert!(distance >= 25.0, "{a:?} and {b:?} are {distance:.0} apart");
        }
    }
}

#[test]
fn a_style_that_is_no_style_is_told_how_to_write_one() {
    let texts = [("own".to_string(), "[styles]\nplain = 3".to_string())];
    let said = Theme::read("own", &texts).unwrap_err();
    assert!(said.contains("expected a style like {") && !said.contains("Spec"), "{said}");
}

#[test]
fn mono_has_no_colour_and_says_the_selection_by_reverse() {
    let theme = Theme::read("mono", &embedded()).unwrap();
    assert!(ROLES.iter().all(|(_, r)| theme.style(*r).fg.is_none() && theme.style(*r).bg.is_none()));
    assert!(theme.style(Role::Selection).add_modifier.contains(Modifier::REVERSED));
}

#[test]
fn a_user_theme_inherits_and_its_mistakes_are_named() {
    let with = |text: &str| {
        let mut texts = embedded();
        texts.push(("mine".into(), text.into()));
        Theme::read("mine", &texts)
    };
    let mine = with("inherits = \"light\"\n[styles]\ngood = { fg = \"#123456\" }").unwrap();
    assert_eq!(mine.style(Role::Good).fg, Some(Color::Rgb(0x12, 0x34, 0x56)));
    assert_eq!(mine.style(Role::Muted), Theme::read("light", &embedded()).unwrap().style(Role::Muted));
    for (text, said) in [
        ("[styles]\nwarnign = {}", "did you mean warning?"),
        ("inherits = \"drk\"", "did you mean dark?"),
        ("inherits = \"mine\"", "inherits from itself"),
        ("[styles]\ngood = { fg = \"bleu-ish\" }", "theme mine"),
        ("colours = 3", "colours"),
    ] {
        let error = with(text).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn auto_listens_to_the_environment() {
    let choose = |vars: &[(&str, &str)]| {
        automatic(&|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string()))
    };
    assert_eq!(choose(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), "dark");
    assert_eq!(choose(&[("TERM", "tmux-256color")]), "dark");
    assert_eq!(choose(&[("TERM", "xterm")]), "ansi16");
    assert_eq!(choose(&[("COLORTERM", "truecolor"), ("NO_COLOR", "1")]), "mono");
    assert_eq!(
        choose(&[("COLORTERM", "truecolor"), ("NO_COLOR", "")]),
        "dark",
        "an empty NO_COLOR does not count"
    );
    let ascii = |vars: &[(&str, &str)]| {
        needs_ascii(&|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| v.to_string()))
    };
    assert!(!ascii(&[("LANG", "C.UTF-8"), ("TERM", "xterm")]));
    assert!(ascii(&[("LANG", "C.UTF-8"), ("TERM", "linux")]));
    assert!(ascii(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
}

#[test]
fn a_terminal_of_256_colours_gets_the_nearest_of_them() {
    assert!(has_256_colours(&|name| (name == "TERM").then(|| "screen-256color".into())));
    assert!(!has_256_colours(&|name| Some(
        if name == "TERM" { "xterm-256color" } else { "truecolor" }.into()
    )));
    let nearest = |r, g, b| nearest_of_256(Color::Rgb(r, g, b));
    assert_eq!(nearest(255, 0, 0), Color::Indexed(196));
    assert_eq!(nearest(0, 0, 0), Color::Indexed(16));
    assert_eq!(nearest(118, 118, 118), Color::Indexed(243));
    assert_eq!(nearest_of_256(Color::Red), Color::Red, "what the terminal names itself stays");
    for theme in all() {
        let reduced = theme.with_256_colours();
        for (name, role) in ROLES {
            let style = reduced.style(role);
            let exact = [style.fg, style.bg].into_iter().flatten().find(|c| matches!(c, Color::Rgb(..)));
            assert_eq!(exact, None, "{name}");
        }
    }
}
