//! Leads through the demo's tour: presses its keys, says its words, waits for what it waits for.

use crate::{
    app::{
        Msg,
        caption::{Caption, Nudge},
        chord::Chord,
    },
    demo::{
        Shared,
        tour::{PATIENCE, Stage},
    },
};
use crossterm::event::KeyCode;
use std::time::Duration;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
    time::{Instant, sleep, timeout},
};

/// Between two keys, so that one sees what they do.
const KEY: Duration = Duration::from_millis(120);
/// Between two looks whether something is so.
const LOOK: Duration = Duration::from_millis(300);

/// Leads through the stages until the last, or until the user leaves.
pub async fn lead(
    stages: Vec<Stage>,
    shared: Shared,
    say: UnboundedSender<Msg>,
    mut nudges: UnboundedReceiver<Nudge>,
) {
    let of = stages.len();
    for (nth, stage) in stages.iter().enumerate() {
        stage.begin(&shared);
        let caption = Caption { text: stage.say.clone(), stage: (nth + 1, of) };
        // Nobody listens any more: the console has ended.
        if say.send(Msg::Caption(Some(caption))).is_err() {
            return;
        }
        for chord in chords(stage) {
            let _ = say.send(Msg::Played(chord));
            sleep(KEY).await;
        }
        if let Some(Nudge::Leave) = stand(stage, &shared, &mut nudges).await {
            break;
        }
    }
    let _ = say.send(Msg::Caption(None));
}

/// What a stage presses and types.
pub fn chords(stage: &Stage) -> Vec<Chord> {
    let keys = stage.keys.split_whitespace().filter_map(|key| key.parse().ok());
    let typed = stage.line.chars().map(|c| Chord::plain(KeyCode::Char(c)));
    let end = (!stage.line.is_empty()).then(|| Chord::plain(KeyCode::Enter));
    keys.chain(typed).chain(end).collect()
}

/// Waits for what the stage waits for, lets it stand its time, or until the user goes on.
async fn stand(stage: &Stage, shared: &Shared, nudges: &mut UnboundedReceiver<Nudge>) -> Option<Nudge> {
    let start = Instant::now();
    let mut came = None;
    loop {
        if let Ok(nudge) = timeout(LOOK, nudges.recv()).await {
            return nudge;
        }
        if came.is_none() && (stage.is_over(shared) || start.elapsed() >= PATIENCE) {
            came = Some(Instant::now());
        }
        if came.is_some_and(|at| at.elapsed() >= stage.stands.0) {
            return None;
        }
    }
}
