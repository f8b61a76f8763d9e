//! The first screen where nothing has answered yet: what was looked for, what was heard, and what to do.

use super::{canvas::Canvas, header, theme::Role};
use crate::app::{Model, text};
use ratatui::{layout::Rect, style::Style};

/// Columns of what stands before each line's words.
const LABEL: u16 = 15;
const COMMAND: u16 = 30;

/// Whether the overview would be empty: the API server fails, and neither it nor Kafka ever answered.
pub fn is_lost(model: &Model) -> bool {
    let snapshot = &model.snapshot;
    let server = &snapshot.kubernetes.server;
    let answered = server.last().is_some() || snapshot.kafka.route.is_some();
    model.screen().pane.name == "overview" && !answered && server.feed.failure().is_some()
}

pub fn draw(canvas: &mut Canvas<'_>, area: Rect, model: &Model) {
    let (plain, muted) = (canvas.theme.style(Role::Plain), canvas.theme.style(Role::Muted));
    let (title, key) = (canvas.theme.style(Role::Title), canvas.theme.style(Role::Key));
    header::verdict(canvas, area, model);
    let mut page = Page { canvas, area, y: area.y + 2 };
    page.row(0, &[("What was looked for", title)]);
    for (what, found) in looked_for(model) {
        page.row(LABEL, &[(what, muted), (&found, plain)]);
    }
    page.skip();
    page.row(0, &[("It goes on trying, and this screen fills by itself.", plain)]);
    page.skip();
    page.row(0, &[("What to do", title)]);
    for (command, about) in TO_DO {
        page.row(COMMAND, &[(command, key), (about, plain)]);
    }
}

const TO_DO: [(&str, &str); 4] = [
    ("castellan doctor", "looks at all of it, and says what comes next"),
    ("castellan --context NAME", "another cluster (:contexts lists them)"),
    ("castellan --kafka HOST:PORT", "Kafka itself, where it can be reached"),
    ("castellan demo", "a simulated cluster: needs nothing at all"),
];

fn looked_for(model: &Model) -> Vec<(&'static str, String)> {
    let session = &model.session;
    let context = session.contexts.iter().find(|c| c.name == session.context);
    let of = context.map_or(String::new(), |c| format!(": cluster {}, user {}", c.cluster, c.user));
    let failure = model.snapshot.kubernetes.server.feed.failure().map_or("", |f| &f.reason);
    let kafka = match model.wishes.bootstrap.as_slice() {
        [] => "not looked for yet: the API server names its pods".to_string(),
        servers => {
            let names: Vec<String> = servers.iter().map(|(host, port)| format!("{host}:{port}")).collect();
            let failed = model.snapshot.kafka.cluster_feed.failure();
            format!("{}: {}", names.join(","), failed.map_or("no answer yet", |f| &f.reason))
        }
    };
    let prometheus = model.wishes.prometheus.as_ref();
    vec![
        ("kubeconfig", session.kubeconfig.to_string()),
        ("context", format!("{}{of}", session.context)),
        ("API server", failure.trim_start_matches("the API server ").to_string()),
        ("Kafka", kafka),
        (
            "Prometheus",
            prometheus.map_or("not looked for yet: the API server names its service".into(), |url| {
                format!("{url}, once there is a Kafka to ask about")
            }),
        ),
    ]
}

/// Lines one below the other, as many as there is room for.
struct Page<'c, 'a> {
    canvas: &'c mut Canvas<'a>,
    area: Rect,
    y: u16,
}

impl Page<'_, '_> {
    /// A label of so many columns and its words, folded below each other; with no label the words alone.
    fn row(&mut self, label: u16, pieces: &[(&str, Style)]) {
        let [before @ .., (words, style)] = pieces else { return };
        let indent = if label == 0 { 1 } else { 3 };
        for (text, style) in before {
            self.write(indent, text, *style);
        }
        let room = usize::from(self.area.width.saturating_sub(indent + label + 1)).max(1);
        for line in text::fold(words, room) {
            self.write(indent + label, line, *style);
            self.y += 1;
        }
    }

    fn write(&mut self, x: u16, text: &str, style: Style) {
        if self.y < self.area.bottom() {
            let width = self.area.width.saturating_sub(x);
            self.canvas.write(self.area.x + x, self.y, width, text, style);
        }
    }

    fn skip(&mut self) {
        self.y += 1;
    }
}
