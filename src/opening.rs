//! What a session opens with: its model, and how it looks.

use crate::{
    app::{Model, Session, command::Keymap, screen::Screen, target::Wishes},
    cli::Settings,
    config, pane,
    source::{kubernetes::Connection, now},
    view::theme::{self, Theme},
};
use anyhow::{Result, anyhow};

/// The model of a session.
///
/// # Errors
/// A key or a command that is not there, in one sentence.
pub fn model(
    settings: &Settings,
    connection: Option<&Connection>,
    themes: &[(String, String)],
) -> Result<Model> {
    let session = Session {
        kubeconfig: connection.map_or("none".into(), |c| c.source.clone()),
        context: connection.map_or("none".into(), |c| c.context.clone()),
        contexts: connection.map_or(Vec::new(), |c| c.contexts.clone()),
        namespace: settings.namespace.clone(),
        themes: themes.iter().map(|(name, _)| name.clone()).collect(),
        read_only: settings.read_only,
        production: settings.production,
        demo: settings.demo.clone(),
        elevation: settings.elevation,
        policy: settings.policy,
        id: format!("{:08x}", fastrand::u32(..)).into(),
    };
    let keymap = Keymap::new(&settings.keys).map_err(|e| anyhow!(e))?;
    let pane = settings.pane.as_deref().and_then(pane::find).unwrap_or(pane::PANES[0]);
    let theme = match settings.theme.as_str() {
        "auto" => theme::automatic(&environment).to_string(),
        name => name.to_string(),
    };
    let mut model = Model::new(session, keymap, theme, Screen::new(pane, None));
    model.now = now();
    model.cluster = settings.cluster.clone();
    model.wishes = Wishes {
        bootstrap: settings.bootstrap.clone(),
        security: settings.security.clone(),
        prometheus: settings.prometheus.clone(),
    };
    Ok(model)
}

/// A variable of the environment.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The themes in the binary, and the user's own after them: (name, TOML).
pub fn themes() -> Vec<(String, String)> {
    let mut all = theme::embedded();
    let folder = config::folder().map(|f| f.join("themes"));
    let files = folder.ok().and_then(|f| std::fs::read_dir(f).ok()).into_iter().flatten().flatten();
    let mut own: Vec<(String, String)> = files
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .filter_map(|path| {
            Some((path.file_stem()?.to_str()?.to_string(), std::fs::read_to_string(&path).ok()?))
        })
        .collect();
    own.sort();
    all.extend(own);
    all
}

/// # Errors
/// A theme that is not there or cannot be read, in one sentence.
pub fn load_theme(name: &str, ascii: bool, themes: &[(String, String)]) -> Result<Theme> {
    let mut theme = Theme::read(name, themes).map_err(|e| anyhow!(e))?;
    if theme::has_256_colours(&environment) {
        theme = theme.with_256_colours();
    }
    theme.ascii = ascii || theme::needs_ascii(&environment);
    Ok(theme)
}
