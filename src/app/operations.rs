//! Operations under way: begun by a confirmation, followed while the user goes on, kept in the journal.

use super::{
    Effect, Model, access,
    confirm::{Confirm, Rehearsal},
    report,
    sheet::Sheet,
    steer, text,
};
use crate::{
    action::{
        Known, Plan, Said, Step,
        journal::{Entry, Told},
        rights,
        task::Next,
        workflow::{Order, Workflow},
    },
    clock,
    domain::{
        Text, human,
        operation::{Operation, OperationId, Stage},
        snapshot::Delta,
        time::Time,
    },
    pane::Tone,
};
use crossterm::event::KeyCode;
use std::time::Duration;
use tui_input::InputRequest;

/// How long an operation that ended stays on every screen.
pub const LINGER: Duration = Duration::from_secs(10);
/// How long a question whether to quit is remembered.
const ASKED: Duration = Duration::from_secs(10);
/// Between two looks at the journal for what another castellan does.
const WATCH: Duration = Duration::from_secs(5);

/// What this session does and follows.
#[derive(Default)]
pub struct Operations {
    pub(super) flows: Vec<Workflow>,
    pub(super) takings: steer::Takings,
    begun: u64,
    /// When the journal was last asked what another castellan does.
    recalled: Time,
    /// When it was said that operations go on without this session.
    warned: Option<Time>,
}

impl Operations {
    fn running(&self) -> impl Iterator<Item = &Workflow> {
        self.flows.iter().filter(|f| !f.is_left() && !f.operation().stage.is_over())
    }
}

/// What is shown on every screen: what is under way, and what ended a moment ago; stuck ones first.
pub fn shown(model: &Model) -> Vec<&Operation> {
    let recent = |o: &&Operation| !o.stage.is_over() || model.now.since(o.since) < LINGER;
    let mut shown: Vec<&Operation> = model.snapshot.operations.iter().filter(recent).collect();
    shown.sort_by_key(|o| match o.stage {
        Stage::Stuck | Stage::Paused => 0,
        Stage::Failed => 1,
        Stage::Running => 2,
        Stage::Done | Stage::Cancelled | Stage::GivenUp => 3,
        Stage::Left | Stage::Watched => 4,
    });
    shown
}

/// Does what is confirmed, if the plan still holds; shows it anew where it does not.
pub fn confirm(model: &mut Model) {
    let Some(Sheet::Confirm(sheet)) = model.sheets.last() else { return };
    if !sheet.is_settled(model.now) {
        return model.say(Tone::Muted, "read it first: what is typed ahead confirms nothing");
    }
    let (verb, objects) = (sheet.verb, sheet.plan.intent.objects.clone());
    if let Err(reason) = super::acting::allowed(model, verb, &objects) {
        return model.say(Tone::Warning, reason);
    }
    let holds = refresh(model);
    let Some(Sheet::Confirm(sheet)) = model.sheets.last() else { return };
    if let Some(reason) = sheet.blocked() {
        let reason = reason.clone();
        return model.say(Tone::Warning, reason);
    }
    if !holds {
        return model
            .say(Tone::Warning, "this changed since you looked: read it again, and confirm it again");
    }
    let now = model.now;
    if let Some(Sheet::Confirm(sheet)) = model.sheets.last_mut()
        && sheet.acknowledge(now)
    {
        return model.say(Tone::Warning, "that it changed is acknowledged: read it, and confirm it anew");
    }
    let Some(Sheet::Confirm(sheet)) = model.sheets.last() else { return };
    let plan = sheet.plan.clone();
    model.close_sheet();
    if let (true, Some(list)) = (model.sheets.is_empty(), model.screen_mut().list_mut()) {
        // Marks that stayed would be acted on once more.
        list.clear_marks();
    }
    match steer::aborts(&plan.intent) {
        Some(id) => steer::aborted(model, id),
        None => begin(model, &plan),
    }
}

/// Whether a plan is shown that was made from something else than what is known now.
pub fn is_outdated(model: &Model) -> bool {
    matches!(model.sheets.last(), Some(Sheet::Confirm(sheet)) if sheet.is_outdated(&model.ground))
}

/// Makes the plan that is shown again; whether it still holds.
pub fn refresh(model: &mut Model) -> bool {
    // The sheet is taken out so that the model can be read meanwhile.
    let Some(Sheet::Confirm(mut sheet)) = model.sheets.pop_if(|s| matches!(s, Sheet::Confirm(_))) else {
        return true;
    };
    let open = sheet.ask();
    let plan = match steer::aborts(&sheet.plan.intent) {
        Some(_) => steer::abort(model, &sheet.plan.intent),
        None => rights::plan(sheet.verb, &model.known(), &sheet.plan.intent),
    };
    let holds = sheet.refresh(plan, model.now, model.ground.clone());
    if let Some(ask) = open.filter(|_| sheet.ask().is_none()) {
        model.effect(Effect::Cancel(ask));
    }
    model.sheets.push(Sheet::Confirm(sheet));
    holds
}

/// A key on a sheet that asks for a name is typed there; whether it was.
pub fn type_name(model: &mut Model, chord: super::chord::Chord) -> bool {
    let (now, help) = (model.now, model.help.is_some());
    let Some(Sheet::Confirm(sheet)) = model.sheets.last_mut() else { return false };
    let Some(password) = sheet.password().filter(|_| !help) else { return false };
    let request = match (chord.code, chord.ctrl, chord.character()) {
        (KeyCode::Enter, ..) if sheet.typed.value().is_empty() => {
            cancel(model);
            return true;
        }
        (KeyCode::Enter, ..) if sheet.typed.value() == password => {
            confirm(model);
            return true;
        }
        (KeyCode::Enter, ..) => {
            model.say(Tone::Warning, format!("that is not it: type {password}, or esc to cancel"));
            return true;
        }
        (KeyCode::Backspace, ..) | (KeyCode::Char('h'), true, _) => InputRequest::DeletePrevChar,
        (KeyCode::Char('u'), true, _) => InputRequest::DeleteLine,
        (KeyCode::Char('w'), true, _) => InputRequest::DeletePrevWord,
        (_, _, Some(c)) => InputRequest::InsertChar(c),
        _ => return false,
    };
    if sheet.is_settled(now) {
        sheet.typed.handle(request);
    }
    true
}

/// A pasted name counts as typed.
pub fn paste_name(sheet: &mut Confirm, pasted: &str, now: Time) {
    if sheet.password().is_some() && sheet.is_settled(now) {
        for c in text::clean(pasted.lines().next().unwrap_or_default()).chars() {
            sheet.typed.handle(InputRequest::InsertChar(c));
        }
    }
}

pub fn cancel(model: &mut Model) {
    if model.close_sheet() {
        model.say(Tone::Plain, "cancelled: nothing was done");
    }
}

/// Asks what would be said to the first step's write.
pub fn rehearse(model: &mut Model) {
    let Some(Sheet::Confirm(sheet)) = model.sheets.last() else { return };
    let (open, step) = (sheet.ask(), first_step(&sheet.plan, &model.known()));
    model.effects.extend(open.map(Effect::Cancel));
    let (rehearsal, rehearsed) = match step {
        Ok(step) => {
            let ask = model.next_ask();
            model.effect(Effect::Rehearse(ask, step.write.clone()));
            (Rehearsal::Asked(ask), Some(step))
        }
        Err(said) => (Rehearsal::Said(said), None),
    };
    if let Some(Sheet::Confirm(sheet)) = model.sheets.last_mut() {
        (sheet.rehearsal, sheet.rehearsed) = (rehearsal, rehearsed);
    }
}

/// What would be written first if it were confirmed now.
///
/// # Errors
/// Nothing is written at once: what is said of that.
fn first_step(plan: &Plan, known: &Known<'_>) -> Result<Step, Result<Text, Text>> {
    let mut firsts = plan.tasks.iter().map(|task| task.first(known)).filter(|next| *next != Next::Done);
    match (plan.steps.first(), firsts.next()) {
        (Some(step), _) => Ok(step.clone()),
        (None, Some(Next::Do(step))) => Ok(*step),
        (None, Some(Next::Wait(wait))) => {
            Err(Ok(format!("nothing is written at once: it first waits for {}", wait.words).into()))
        }
        (None, Some(Next::Stop(words))) => Err(Err(format!("it would pause at once: {words}").into())),
        (None, Some(_)) => Err(Ok("what it writes first is told only while it runs".into())),
        (None, None) => Err(Ok("nothing is left to be written".into())),
    }
}

fn begin(model: &mut Model, plan: &Plan) {
    model.operations.begun += 1;
    let stamp = clock::utc(model.now).replace([' ', ':'], "-");
    let id: Text = format!("{stamp}-{}-{}", model.session.id, model.operations.begun).into();
    let (flow, orders) = Workflow::begin(id.clone(), plan, model.now);
    model.operations.flows.push(flow);
    settle(model, &id, orders);
}

/// What was heard of a write.
pub fn acted(model: &mut Model, id: &OperationId, step: usize, said: Said) {
    if matches!(said, Said::Refused(_)) {
        access::doubt(model);
    }
    change(model, id, |flow, now| flow.acted(step, said, now));
}

/// Looks where every operation stands.
pub fn look(model: &mut Model) {
    let mut flows = std::mem::take(&mut model.operations.flows);
    let known = model.known();
    let orders: Vec<(OperationId, Vec<Order>)> =
        flows.iter_mut().map(|flow| (flow.operation().id.clone(), flow.look(&known))).collect();
    model.operations.flows = flows;
    watch(model);
    for (id, orders) in orders {
        settle(model, &id, orders);
    }
    steer::resume(model);
}

/// Asks the journal again what another castellan does, or goes on with.
fn watch(model: &mut Model) {
    let watched = model.operations.flows.iter().any(|f| f.is_watched() || f.is_resumable());
    if watched && model.now.since(model.operations.recalled) >= WATCH {
        model.operations.recalled = model.now;
        super::target::recall(model);
    }
}

pub(super) fn change(
    model: &mut Model,
    id: &OperationId,
    how: impl FnOnce(&mut Workflow, Time) -> Vec<Order>,
) {
    let now = model.now;
    let Some(flow) = model.operations.flows.iter_mut().find(|f| f.operation().id == *id) else { return };
    let orders = how(flow, now);
    settle(model, id, orders);
}

/// Shows what became of an operation, says it when it ended, and gives its orders.
fn settle(model: &mut Model, id: &OperationId, orders: Vec<Order>) {
    let Some(at) = model.operations.flows.iter().position(|f| f.operation().id == *id) else { return };
    let now = model.now;
    model.operations.flows[at].keep(&orders, now);
    let mut operation = model.operations.flows[at].operation().clone();
    if operation.stage.is_over() {
        let ended = model.operations.flows.remove(at);
        operation.report = report::lines(ended.report());
        if operation.stage == Stage::Done {
            call_back(model, &ended);
        }
        let tone = match operation.stage {
            Stage::Done => Tone::Good,
            Stage::Failed => Tone::Critical,
            _ => Tone::Plain,
        };
        let (stage, title) = (operation.stage.word(), &operation.title);
        let report = if operation.runbook { "; report: enter on it in :operations" } else { "" };
        model.say(tone, format!("{stage}: {title}: {}{report}", operation.words));
    }
    publish(model, operation);
    order(model, id, orders);
}

/// What moved by an operation of ours was cancelled by another of ours.
fn call_back(model: &mut Model, ended: &Workflow) {
    let (now, left) = (model.now, model.snapshot.kafka.reassignments.last().cloned().unwrap_or_default());
    let flows = model.operations.flows.iter_mut();
    let orders = flows.map(|flow| (flow.operation().id.clone(), flow.call_back(ended.cancels(), &left, now)));
    let orders: Vec<_> = orders.filter(|(_, orders)| !orders.is_empty()).collect();
    for (id, orders) in orders {
        settle(model, &id, orders);
    }
}

fn publish(model: &mut Model, operation: Operation) {
    model.snapshot.apply(Delta::Operation(operation));
}

fn order(model: &mut Model, id: &OperationId, orders: Vec<Order>) {
    for order in orders {
        let effect = match order {
            // Without a journal of its own, a read-only session only looks.
            Order::Record(_) if model.session.read_only => continue,
            Order::Record(what) => {
                let context = model.session.context.to_string();
                Effect::Record(Entry { at: model.now, operation: id.clone(), context, what })
            }
            Order::Act { step, write } => Effect::Act { operation: id.clone(), step, write },
        };
        model.effect(effect);
    }
}

/// Takes up what a castellan before this one had begun in this context and not ended.
pub fn recalled(model: &mut Model, all: &[Told]) {
    // What was taken for this cluster's before its id was known may have been another's.
    forget_left(model, all);
    hear(model, all);
    let known = |told: &&Told| model.snapshot.operations.iter().any(|o| o.id == told.id);
    let left: Vec<Workflow> = all
        .iter()
        .filter(|told| told.ended.is_none() && *told.context == *model.session.context && !known(told))
        .map(Workflow::left)
        .collect();
    let lives = left.iter().filter(|flow| flow.is_watched()).count();
    let count = |n: usize| human::plural(n, "operation");
    match (lives, left.len() - lives) {
        (0, 0) => return,
        (lives, 0) => {
            let words = format!("another castellan has {} under way: see :operations", count(lives));
            model.say(Tone::Plain, words);
        }
        (_, dead) => {
            let words = format!("{} had not ended when castellan did: see :operations", count(dead));
            model.say(Tone::Warning, words);
        }
    }
    for flow in left {
        publish(model, flow.operation().clone());
        model.operations.flows.push(flow);
    }
    look(model);
}

/// What another castellan did since the last look, that it took the lead, or ended.
fn hear(model: &mut Model, all: &[Told]) {
    for told in all {
        let followed = |f: &&mut Workflow| f.is_watched() || f.is_resumable();
        let mut flows = model.operations.flows.iter_mut().filter(followed);
        let Some(flow) = flows.find(|f| f.operation().id == told.id && f.is_outdated(told)) else { continue };
        let led = std::mem::replace(flow, Workflow::left(told)).is_watched();
        if told.lives && !led {
            let title = &told.record.title;
            model.say(Tone::Plain, format!("another castellan goes on with {title}"));
        }
        settle(model, &told.id, Vec::new());
    }
}

/// What was left on a Kafka cluster that is not looked at any more is forgotten, but for what is told.
pub fn forget_left(model: &mut Model, told: &[Told]) {
    let is_told = |id: &OperationId| told.iter().any(|t| t.id == *id);
    model.operations.flows.retain(|f| !f.is_left() || is_told(&f.operation().id));
    let operations = &mut model.snapshot.operations;
    let before = operations.len();
    operations.retain(|o| !matches!(o.stage, Stage::Left | Stage::Watched) || is_told(&o.id));
    model.snapshot.generation += u64::from(model.snapshot.operations.len() != before);
}

/// Why another Kafka cluster cannot be joined now: goals are read from the one that is.
pub fn hold(model: &Model) -> Option<String> {
    if steer::is_taking(model) {
        return Some("a runbook of this cluster is just being gone on with: try again in a moment".into());
    }
    let running = model.operations.running().count();
    let words =
        || format!("{} still run on this cluster: see :operations", human::plural(running, "operation"));
    (running > 0).then(words)
}

/// Whether it can be given up.
///
/// # Errors
/// Why not.
pub fn may_give_up(model: &Model, id: &OperationId) -> Result<(), String> {
    let flow = model.operations.flows.iter().find(|f| f.operation().id == *id);
    match flow.filter(|f| f.is_left()) {
        Some(flow) if flow.is_watched() => Err("another castellan runs it: cancel or end it there".into()),
        Some(_) => Ok(()),
        None => Err("only what a castellan before this one left can be given up".into()),
    }
}

/// The operator does not want to hear of the selected operation any more.
pub fn give_up(model: &mut Model, id: &OperationId) {
    change(model, id, Workflow::give_up);
}

/// Whether to quit now. While operations run it is said once that they go on.
pub fn may_quit(model: &mut Model) -> bool {
    let running: Vec<&Workflow> = model.operations.running().collect();
    let asked = model.operations.warned.is_some_and(|at| model.now.since(at) < ASKED);
    if running.is_empty() || asked {
        return true;
    }
    let (runbooks, actions): (Vec<_>, Vec<_>) = running.into_iter().partition(|f| f.is_runbook());
    let more = actions.iter().filter(|f| f.has_more_to_send()).count();
    let of_actions = human::plural(actions.len(), "operation");
    let of_runbooks = human::plural(runbooks.len(), "runbook");
    let mut said = Vec::new();
    if !actions.is_empty() {
        let steps = match more {
            0 => String::new(),
            more => format!(", further steps of {more} are not sent"),
        };
        said.push(format!("{of_actions} under way: begun ones go on in the cluster{steps}"));
    }
    if !runbooks.is_empty() {
        let it = if runbooks.len() == 1 { "it" } else { "them" };
        said.push(format!(
            "{of_runbooks} under way: no further step is sent, the next castellan goes on with {it}"
        ));
    }
    model.operations.warned = Some(model.now);
    model.say(Tone::Warning, format!("{}; the journal has them; again to quit", said.join("; ")));
    false
}
