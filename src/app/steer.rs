//! The operator's hand on runbooks that are under way, and going on with those that were left.

use super::{Effect, Model, confirm::Confirm, operations, sheet::Sheet, target};
use crate::{
    action::{Intent, Note, Plan, Risk, Verb, course::Steer, journal::Told, rate, workflow::Workflow},
    domain::{
        Text,
        object::Object,
        operation::OperationId,
        time::{Time, age},
    },
    pane::Tone,
};
use std::{collections::HashMap, time::Duration};

/// Left for longer, a runbook is not gone on with by itself: the world is another by then.
const FRESH: Duration = Duration::from_secs(3600);
/// Between two tries to take a lead by itself.
const AGAIN: Duration = Duration::from_secs(5);

/// Of what this session asked for the lead.
pub type Takings = HashMap<OperationId, Taking>;

pub struct Taking {
    /// When it was asked for last.
    at: Time,
    /// No answer came yet.
    open: bool,
    /// What the operator wants then; None: castellan goes on by itself.
    then: Option<Steer>,
}

/// Whether an answer is awaited that may make this session lead something.
pub fn is_taking(model: &Model) -> bool {
    model.operations.takings.values().any(|taking| taking.open)
}

/// Aborting is confirmed as what else changes the cluster is. It is no verb of the registry: its command is one
/// of those on runbooks.
static ABORT: Verb = Verb { name: "abort", ..Verb::PLAIN };

fn flow<'a>(model: &'a Model, id: &OperationId) -> Option<&'a Workflow> {
    model.operations.flows.iter().find(|f| f.operation().id == *id)
}

/// The runbook that is meant: the selected operation, else the only one that is under way.
///
/// # Errors
/// There is none, or there are several.
pub fn meant(model: &Model) -> Result<OperationId, String> {
    if let Some(Object::Operation(id)) = model.selected() {
        return Ok(id.clone());
    }
    let mut runbooks = model.operations.flows.iter().filter(|f| f.is_runbook());
    match (runbooks.next(), runbooks.count()) {
        (None, _) => Err("no runbook is under way".into()),
        (Some(flow), 0) => Ok(flow.operation().id.clone()),
        (Some(_), more) => Err(format!("{} runbooks are under way: select one in :operations", more + 1)),
    }
}

/// A key means the selected operation only.
///
/// # Errors
/// None is selected.
pub fn selected(model: &Model) -> Result<(), String> {
    match model.selected() {
        Some(Object::Operation(_)) => Ok(()),
        _ => {
            meant(model)?;
            Err("its key is for the runbook that is selected in :operations".into())
        }
    }
}

/// Whether that can be done to it now.
///
/// # Errors
/// Why not.
pub fn may(model: &Model, how: &Steer) -> Result<(), String> {
    if model.session.read_only {
        return Err("castellan runs read-only: it leads nothing".into());
    }
    let id = meant(model)?;
    let flow = flow(model, &id).ok_or("it is over, or another castellan's")?;
    flow.may_steer(how)?;
    if flow.is_left() {
        blind(model).map_or(Ok(()), Err)?;
    }
    // To hold still is always possible.
    if *how != Steer::Pause && model.session.elevation.is_some() && model.elevated().is_none() {
        return Err("this is production: :elevate first".into());
    }
    Ok(())
}

/// Another rate for the runbook that is meant, as it was typed: so slow that it would never end it is only made with a
/// `!` behind.
///
/// # Errors
/// Why not, and what to type in its place.
pub fn tune(model: &mut Model, typed: &str) -> Result<(), String> {
    let (text, anyway) = typed.strip_suffix('!').map_or((typed, false), |text| (text, true));
    let rate = rate::parse(text)?
        .ok_or("a throttle is not taken off while it copies: type a high rate, as 10GiB")?;
    let how = Steer::Rate { rate };
    let meant = may(model, &how).and_then(|()| meant(model));
    if let Some(flow) = meant.ok().and_then(|id| flow(model, &id))
        && let Some(words) = flow.may_tune(rate, &model.known())?.filter(|_| !anyway)
    {
        return Err(format!("{words}; {text}! does it all the same"));
    }
    // Where it is not possible at all, that is said there.
    steer(model, how);
    Ok(())
}

/// Does it, to the runbook that is meant; or shows first what it would put back.
pub fn steer(model: &mut Model, how: Steer) {
    let meant = may(model, &how).and_then(|()| meant(model));
    match (meant, how) {
        (Err(reason), _) => model.say(Tone::Warning, reason),
        (Ok(id), Steer::Abort) => ask_to_abort(model, id),
        (Ok(id), how) => apply(model, &id, how),
    }
}

fn apply(model: &mut Model, id: &OperationId, how: Steer) {
    let Some(flow) = flow(model, id) else { return };
    if flow.is_left() {
        return take_up(model, id.clone(), Some(how));
    }
    let title = flow.operation().title.clone();
    let said = match &how {
        Steer::Pause => format!("paused: {title}: it holds where it is safe"),
        Steer::GoOn => format!("goes on: {title}"),
        Steer::Abort => format!("aborting: {title}"),
        Steer::Rate { rate } => format!("at {} from now on: {title}", rate::words(*rate)),
    };
    model.say(Tone::Plain, said);
    operations::change(model, id, |flow, now| flow.steer(how, now));
    operations::look(model);
}

fn ask_to_abort(model: &mut Model, id: OperationId) {
    if matches!(model.sheets.last(), Some(Sheet::Confirm(_))) {
        return model.say(Tone::Warning, "another action waits for its confirmation");
    }
    let objects = vec![Object::Operation(id)];
    let intent = Intent { verb: ABORT.name.into(), objects, argument: String::new() };
    match abort(model, &intent) {
        Err(reason) => model.say(Tone::Warning, reason),
        Ok(plan) => {
            let sheet = Confirm::new(&ABORT, plan, &model.session, model.ground.clone(), model.now);
            model.help = None;
            model.sheets.push(Sheet::Confirm(Box::new(sheet)));
            model.effect(Effect::CheckJournal);
        }
    }
}

/// The operation that the intent would abort; None: it is another verb's.
pub fn aborts(intent: &Intent) -> Option<&OperationId> {
    match intent.objects.as_slice() {
        [Object::Operation(id)] if intent.verb == ABORT.name => Some(id),
        _ => None,
    }
}

/// What an abort would put back.
///
/// # Errors
/// Why it cannot be aborted any more.
pub fn abort(model: &Model, intent: &Intent) -> Result<Plan, String> {
    let flow = aborts(intent).and_then(|id| flow(model, id)).ok_or("it is over")?;
    flow.may_steer(&Steer::Abort)?;
    let undone = flow.undoes(&model.known());
    let changes = undone.iter().map(|u| format!("put back what is left of: {}", u.title)).collect();
    let title = format!("abort: {}", flow.operation().title);
    // What varies while one looks is only noted: it asks for no other confirmation.
    let firsts = undone.iter().map(|u| Note::plain(format!("{}: begins with: {}", u.title, u.first)));
    let rules = ["a step that is under way is brought to its end first", "an abort cannot be paused"];
    let notes = rules.map(Note::plain).into_iter().chain(firsts).collect();
    Ok(Plan {
        risk: Risk::Low,
        changes,
        notes,
        undo: Some("begin the same again, as a new runbook".into()),
        ..Plan::new(intent, title, ABORT.name)
    })
}

/// The operator confirmed it.
pub fn aborted(model: &mut Model, id: &OperationId) {
    apply(model, id, Steer::Abort);
}

/// Which source is not live that going on needs: nothing is gone on with from what was known.
fn blind(model: &Model) -> Option<String> {
    let (kubernetes, kafka) = (&model.snapshot.kubernetes, &model.snapshot.kafka);
    // Where servers were given, there may be no Kubernetes at all.
    let alone = !model.wishes.bootstrap.is_empty() && kubernetes.pods.feed.heard().is_none();
    let of_kubernetes = [&kubernetes.server.feed, &kubernetes.pods.feed, &kubernetes.nodes.feed];
    let of_kafka = [&kafka.cluster_feed, &kafka.topics_feed];
    let silent =
        |feeds: &[&crate::domain::reading::Feed]| feeds.iter().any(|f| !f.state(model.now).is_live());
    if !alone && silent(&of_kubernetes) {
        return Some("it waits until Kubernetes is read whole".into());
    }
    // Before the id is known, the journal that was read may be another cluster's of that name.
    let known = target::is_identified(model);
    (model.targets.aimed() && (silent(&of_kafka) || !known))
        .then(|| "it waits until Kafka is read whole".into())
}

/// Goes on by itself with what was left a moment ago.
pub fn resume(model: &mut Model) {
    let session = &model.session;
    let guarded = session.production || session.elevation.is_some();
    if session.read_only || (guarded && model.elevated().is_none()) || blind(model).is_some() {
        return;
    }
    let (now, takings) = (model.now, &model.operations.takings);
    let waits = |id: &OperationId| takings.get(id).is_some_and(|t| t.open || now.since(t.at) < AGAIN);
    let fresh = |f: &&Workflow| f.is_resumable() && now.since(f.last()) < FRESH;
    let left = model.operations.flows.iter().filter(fresh).map(|f| f.operation().id.clone());
    let left: Vec<OperationId> = left.filter(|id| !waits(id)).collect();
    left.into_iter().for_each(|id| take_up(model, id, None));
}

fn take_up(model: &mut Model, id: OperationId, then: Option<Steer>) {
    let taking = Taking { at: model.now, open: true, then };
    model.operations.takings.insert(id.clone(), taking);
    model.effect(Effect::TakeUp(id));
}

/// This session leads it from now on, or does not.
pub fn took_up(model: &mut Model, id: &OperationId, told: Result<Box<Told>, Text>) {
    let now = model.now;
    let Some(taking) = model.operations.takings.get_mut(id).filter(|t| t.open) else { return };
    taking.open = false;
    let then = taking.then.take();
    let told = match told {
        Ok(told) => told,
        Err(why) => {
            if then.is_some() {
                model.say(Tone::Warning, format!("it is not gone on with: {why}"));
            }
            return target::recall(model);
        }
    };
    let Some(flow) = model.operations.flows.iter_mut().find(|f| f.operation().id == *id) else { return };
    *flow = Workflow::left(&told);
    let (title, ago) = (told.record.title.clone(), age(now.since(told.last)));
    operations::change(model, id, Workflow::take_up);
    let how = match (&then, self::flow(model, id).is_some_and(Workflow::is_paused)) {
        (Some(Steer::Abort), _) => format!("aborting {title}"),
        (Some(_), _) => format!("going on with {title}"),
        (None, true) => format!("{title} is paused: :go-on goes on with it"),
        (None, false) => format!("going on with {title}, left {ago} ago; :pause pauses it"),
    };
    model.say(Tone::Strong, how);
    if let Some(how) = then {
        operations::change(model, id, |flow, now| flow.steer(how, now));
    }
    operations::look(model);
}
