//! How meanings look, read from TOML: `themes/*.toml`, and the user's own.
//!
//! A theme names only what it changes; the rest comes from the one it inherits.

use crate::{pane::Tone, suggest::nearest};
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The themes in the binary: (name, TOML).
pub const EMBEDDED: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../themes/colour-blind.toml")),
    ("ansi16", include_str!("../../themes/ansi16.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// What a part of the screen means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Plain,
    Strong,
    Muted,
    Good,
    Warning,
    Critical,
    /// Old data.
    Stale,
    Title,
    Border,
    Heading,
    /// The selected row.
    Selection,
    Mark,
    Header,
    /// The word that says that this is production.
    Production,
    /// The word that says that this is the demo.
    Demo,
    /// A key in hints and help.
    Key,
    Prompt,
    Chart1,
    Chart2,
    Chart3,
    Chart4,
    Chart5,
    Chart6,
}

/// The names in the file, in the order of the roles.
pub const ROLES: [(&str, Role); 23] = [
    ("plain", Role::Plain),
    ("strong", Role::Strong),
    ("muted", Role::Muted),
    ("good", Role::Good),
    ("warning", Role::Warning),
    ("critical", Role::Critical),
    ("stale", Role::Stale),
    ("title", Role::Title),
    ("border", Role::Border),
    ("heading", Role::Heading),
    ("selection", Role::Selection),
    ("mark", Role::Mark),
    ("header", Role::Header),
    ("production", Role::Production),
    ("demo", Role::Demo),
    ("key", Role::Key),
    ("prompt", Role::Prompt),
    ("chart1", Role::Chart1),
    ("chart2", Role::Chart2),
    ("chart3", Role::Chart3),
    ("chart4", Role::Chart4),
    ("chart5", Role::Chart5),
    ("chart6", Role::Chart6),
];

/// Colours for lines of a chart, in the order of their use.
pub const CHART: [Role; 6] =
    [Role::Chart1, Role::Chart2, Role::Chart3, Role::Chart4, Role::Chart5, Role::Chart6];

#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    pub name: String,
    styles: [Style; ROLES.len()],
    /// Draw with ASCII characters only.
    pub ascii: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a style like { fg = \"red\", bold = true }")]
struct Spec {
    fg: Option<Color>,
    bg: Option<Color>,
    #[serde(default)]
    bold: bool,
    #[serde(default)]
    dim: bool,
    #[serde(default)]
    italic: bool,
    #[serde(default)]
    underlined: bool,
    #[serde(default)]
    reversed: bool,
}

impl Spec {
    fn style(&self) -> Style {
        let modifiers = [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underlined, Modifier::UNDERLINED),
            (self.reversed, Modifier::REVERSED),
        ];
        let on = modifiers.into_iter().filter(|(on, _)| *on).fold(Modifier::empty(), |all, (_, m)| all | m);
        Style { fg: self.fg, bg: self.bg, add_modifier: on, ..Style::default() }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "inherits and [styles]")]
struct File {
    inherits: Option<String>,
    #[serde(default)]
    styles: BTreeMap<String, Spec>,
}

impl Theme {
    pub fn style(&self, role: Role) -> Style {
        // Everything stands on the plain style's colours.
        let plain = self.styles[Role::Plain as usize];
        plain.patch(self.styles[role as usize])
    }

    pub fn tone(&self, tone: Tone) -> Style {
        self.style(match tone {
            Tone::Plain => Role::Plain,
            Tone::Strong => Role::Strong,
            Tone::Muted => Role::Muted,
            Tone::Good => Role::Good,
            Tone::Warning => Role::Warning,
            Tone::Critical => Role::Critical,
        })
    }

    /// As a terminal of 256 colours can draw it.
    pub fn with_256_colours(mut self) -> Theme {
        for style in &mut self.styles {
            (style.fg, style.bg) = (style.fg.map(nearest_of_256), style.bg.map(nearest_of_256));
        }
        self
    }

    /// Reads the theme `name` out of `texts` (name, TOML), of which later ones hide earlier ones.
    pub fn read(name: &str, texts: &[(String, String)]) -> Result<Theme, String> {
        let mut chain: Vec<(String, File)> = Vec::new();
        let mut next = Some(name.to_string());
        while let Some(name) = next {
            if chain.iter().any(|(known, _)| *known == name) {
                return Err(format!("theme {name} inherits from itself"));
            }
            let Some((_, text)) = texts.iter().rev().find(|(n, _)| *n == name) else {
                return Err(unknown(&name, texts));
            };
            let file: File = toml::from_str(text).map_err(|e| {
                format!("theme {name}: {}", e.to_string().split_whitespace().collect::<Vec<_>>().join(" "))
            })?;
            next = file.inherits.clone();
            chain.push((name, file));
        }
        let mut theme = Theme { name: name.to_string(), styles: [Style::new(); ROLES.len()], ascii: false };
        for (name, file) in chain.iter().rev() {
            theme.lay_over(name, file)?;
        }
        Ok(theme)
    }

    fn lay_over(&mut self, name: &str, file: &File) -> Result<(), String> {
        for (key, spec) in &file.styles {
            let Some(at) = ROLES.iter().position(|(known, _)| known == key) else {
                let near = nearest(key, ROLES.iter().map(|(known, _)| *known));
                let hint = near.map_or(String::new(), |n| format!("; did you mean {n}?"));
                return Err(format!("theme {name} has a style \"{key}\" that castellan does not know{hint}"));
            };
            self.styles[at] = spec.style();
        }
        Ok(())
    }
}

fn unknown(name: &str, texts: &[(String, String)]) -> String {
    let names = texts.iter().map(|(n, _)| n.as_str());
    let hint = nearest(name, names.clone()).map_or(String::new(), |n| format!("; did you mean {n}?"));
    format!("there is no theme \"{name}\"{hint} (there are {})", names.collect::<Vec<_>>().join(", "))
}

/// The embedded themes as [`Theme::read`] takes them.
pub fn embedded() -> Vec<(String, String)> {
    EMBEDDED.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect()
}

/// What `auto` chooses, from the environment's variables.
///
/// Source: no-color.org (NO_COLOR, not empty); COLORTERM is set by terminals with 24-bit colour.
pub fn automatic(variable: &dyn Fn(&str) -> Option<String>) -> &'static str {
    let said = |name: &str| variable(name).filter(|v| !v.is_empty());
    let term = said("TERM").unwrap_or_default();
    let rich = said("COLORTERM").is_some_and(|c| c == "truecolor" || c == "24bit");
    if said("NO_COLOR").is_some() || term == "dumb" || term.starts_with("vt") {
        "mono"
    } else if rich || term.ends_with("-direct") || has_256_colours(variable) {
        "dark"
    } else {
        "ansi16"
    }
}

/// Whether the terminal has 256 colours and not more, by its own word.
///
/// Source: terminfo's names; such terminals set no COLORTERM.
pub fn has_256_colours(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    let said = |name: &str| variable(name).unwrap_or_default();
    let rich = matches!(said("COLORTERM").as_str(), "truecolor" | "24bit");
    !rich && said("TERM").contains("256color")
}

/// The colour of the palette of 256 that is nearest: one of the cube of six levels, or one of its greys.
///
/// Source: xterm's `256colres.h`.
fn nearest_of_256(colour: Color) -> Color {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let Color::Rgb(r, g, b) = colour else { return colour };
    let cube = (0..216u8).map(|i| (16 + i, [i / 36, i / 6 % 6, i % 6].map(|n| LEVELS[usize::from(n)])));
    let greys = (0..24u8).map(|i| (232 + i, [8 + i * 10; 3]));
    let distance = |of: &[u8; 3]| {
        let parts = of.iter().zip([r, g, b]).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2));
        parts.sum::<u32>()
    };
    let nearest = cube.chain(greys).min_by_key(|(_, of)| distance(of));
    nearest.map_or(colour, |(index, _)| Color::Indexed(index))
}

/// Whether only ASCII can be trusted to be drawn: the locale is not UTF-8, or it is a console of the kernel,
/// whose font has few other characters.
pub fn needs_ascii(variable: &dyn Fn(&str) -> Option<String>) -> bool {
    let said = |name: &str| variable(name).filter(|v| !v.is_empty());
    let locale = said("LC_ALL").or_else(|| said("LC_CTYPE")).or_else(|| said("LANG"));
    let utf8 = locale.is_some_and(|l| l.to_lowercase().replace('-', "").contains("utf8"));
    !utf8 || said("TERM").is_some_and(|t| t == "linux" || t == "dumb")
}

#[cfg(test)]
#[path = "theme_tests.rs"]
mod tests;
