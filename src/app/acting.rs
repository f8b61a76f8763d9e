//! From a verb to a plan on the screen: whether it may be done here, on what, with which argument.

use super::{
    Effect, Model,
    commands::see::selected,
    confirm::Confirm,
    prompt::{Prompt, Purpose},
    sheet::{Reader, Sheet, Subject},
    text,
};
use crate::{
    action::{Intent, Known, Verb, groups, rate, rights},
    domain::{
        Text,
        ask::{Answer, Ask, AskId},
        human,
        object::Object,
    },
    pane::{self, Tone},
};
use std::collections::BTreeSet;

/// Why a verb does nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It is not for what is selected.
    Unfit(String),
    /// It would be, but it is not allowed.
    Denied(String),
}

impl Refusal {
    pub fn words(self) -> String {
        match self {
            Refusal::Unfit(words) | Refusal::Denied(words) => words,
        }
    }
}

/// An argument that is being completed from outside.
pub struct Loading {
    from: Awaited,
    verb: &'static Verb,
    objects: Vec<Object>,
    typed: String,
}

enum Awaited {
    File {
        path: String,
        /// What was typed behind it: ` at 50MiB`.
        rest: String,
    },
    /// Kafka is asked what the argument needs.
    Kafka { ask: AskId, argument: String },
}

impl Model {
    /// What plans are made from.
    pub fn known(&self) -> Known<'_> {
        Known { world: self.world(), policy: self.session.policy }
    }
}

/// Whether the verb may be used on what is selected, as far as one knows beforehand.
///
/// # Errors
/// Read-only comes first, then that it does not fit, then what is not allowed.
pub fn may(model: &Model, verb: &Verb) -> Result<(), Refusal> {
    let fits = fits(model, verb);
    if model.session.read_only {
        let words = format!("castellan runs read-only: {} is not possible", verb.name);
        return Err(if fits.is_ok() { Refusal::Denied(words) } else { Refusal::Unfit(words) });
    }
    fits.map_err(Refusal::Unfit)?;
    allowed(model, verb, &targets(model, verb)).map_err(Refusal::Denied)
}

/// Whether the verb is one of this screen: it acts on what is selected, or makes what this pane lists.
pub fn belongs(model: &Model, verb: &Verb) -> bool {
    match verb.name.strip_prefix("create-").and_then(pane::find) {
        Some(pane) => model.sheets.is_empty() && model.screen().pane.name == pane.name,
        None => model.subject().is_some(),
    }
}

/// What must hold still when it is confirmed: permissions, elevation.
pub fn allowed(model: &Model, verb: &Verb, objects: &[Object]) -> Result<(), String> {
    if let Some(missing) = missing(model, verb, objects) {
        return Err(format!("needs {missing}, which this context may not do"));
    }
    if model.session.elevation.is_some() && model.elevated().is_none() {
        return Err("this is production: :elevate first".into());
    }
    Ok(())
}

fn fits(model: &Model, verb: &Verb) -> Result<(), String> {
    let about_an_object = match model.sheets.last() {
        Some(Sheet::Reader(Reader { subject, .. })) => {
            matches!(subject, Subject::Description(_) | Subject::Yaml(..))
        }
        Some(_) => false,
        None => true,
    };
    let gone = model.sheets.is_empty() && model.screen().list().is_some_and(|l| l.missing().is_some());
    if !about_an_object || gone {
        selected(model)?;
    }
    let (known, objects) = (model.known(), targets(model, verb));
    if objects.is_empty() {
        return (verb.takes)(&known, None);
    }
    let several = objects.len() > 1;
    for object in &objects {
        let taken = (verb.takes)(&known, Some(object));
        taken.map_err(|why| if several { format!("{}: {why}", object.name()) } else { why })?;
    }
    Ok(())
}

/// What the verb acts on: all that is marked if it can act on many, else what is selected.
fn targets(model: &Model, verb: &Verb) -> Vec<Object> {
    if verb.alone {
        return Vec::new();
    }
    let marks = marks(model).filter(|m| verb.many && !m.is_empty());
    match marks {
        Some(marks) => {
            // A finding stands for what it is about; two may be about the same.
            let subjects: BTreeSet<&Object> = marks.iter().map(|o| model.subject_of(o)).collect();
            subjects.into_iter().cloned().collect()
        }
        None => model.subject().cloned().into_iter().collect(),
    }
}

fn marks(model: &Model) -> Option<&BTreeSet<Object>> {
    Some(&model.screen().list().filter(|_| model.sheets.is_empty())?.marks)
}

/// The first permission that is known not to be there, in the servers' words.
fn missing(model: &Model, verb: &Verb, objects: &[Object]) -> Option<String> {
    let known = model.known();
    let denied = |object: Option<&Object>| {
        let needs = rights::needs(verb, &known, object);
        rights::missing(&known, &needs).map(rights::words)
    };
    match objects {
        [] => denied(None),
        objects => objects.iter().find_map(|object| denied(Some(object))),
    }
}

/// The verb was called, by its key or typed: asks for its argument, or shows its plan.
pub fn call(model: &mut Model, verb: &'static Verb, typed: &str) {
    if let Err(refusal) = may(model, verb) {
        return model.say(Tone::Warning, refusal.words());
    }
    let objects = targets(model, verb);
    let ignored = marks(model).map_or(0, |m| m.len());
    if !verb.many && !verb.alone && ignored > 0 {
        let name = objects.first().map_or("nothing".into(), Object::name);
        let marks = human::plural(ignored, "mark");
        model.say(Tone::Warning, format!("{} takes one: {marks} ignored, this is {name}", verb.name));
    }
    match &verb.argument {
        Some(argument) if typed.is_empty() => {
            let proposal = (argument.proposal)(&model.known(), &objects);
            let mut prompt = Prompt::new(Purpose::Argument(verb.name), &proposal);
            prompt.objects = objects;
            model.prompt = Some(prompt);
            super::palette::suggest(model);
        }
        _ => intend(model, verb, objects, typed),
    }
}

/// Its argument was typed: shows the plan, or first reads the file that was named.
pub fn intend(model: &mut Model, verb: &'static Verb, objects: Vec<Object>, typed: &str) {
    let file = verb.argument.as_ref().filter(|a| a.file).and_then(|_| typed.strip_prefix('@'));
    match file {
        Some(file) => {
            let path = rate::split(file).map_or(file, |(path, _)| path);
            model.say(Tone::Plain, format!("reading {}", text::clean(path)));
            let from = Awaited::File { path: path.to_string(), rest: file[path.len()..].to_string() };
            model.loading = Some(Loading { from, verb, objects, typed: typed.to_string() });
            model.effect(Effect::Load { path: path.to_string() });
        }
        None => {
            let intent = Intent { verb: verb.name.into(), objects, argument: typed.to_string() };
            plan(model, verb, intent, typed);
        }
    }
}

/// Whether what was intended last came to no plan, nor will.
pub fn was_refused(model: &Model) -> bool {
    model.loading.is_none() && !matches!(model.sheets.last(), Some(Sheet::Confirm(_)))
}

/// A file's contents came: they are the argument that was waited for.
pub fn loaded(model: &mut Model, path: &str, contents: Result<String, Text>) {
    let awaited = |l: &mut Loading| matches!(&l.from, Awaited::File { path: awaited, .. } if awaited == path);
    if let Some(loading) = model.loading.take_if(awaited) {
        let rest = if let Awaited::File { rest, .. } = &loading.from { rest.clone() } else { String::new() };
        completed(model, loading, contents.map(|contents| contents + &rest));
    }
}

/// Takes in an answer if it is one that an argument waited for; gives it back if not.
pub fn looked_up(model: &mut Model, id: AskId, answer: Answer) -> Option<Answer> {
    let awaited = |l: &mut Loading| matches!(&l.from, Awaited::Kafka { ask, .. } if *ask == id);
    let Some(loading) = model.loading.take_if(awaited) else { return Some(answer) };
    model.effect(Effect::Cancel(id));
    let argument = match (answer, &loading.from) {
        (Answer::Offsets(spans), Awaited::Kafka { argument, .. }) => Ok(groups::answered(argument, &spans)),
        (Answer::Failed(reason), _) => Err(reason),
        _ => Err("Kafka's answer was not understood: try again".into()),
    };
    completed(model, loading, argument);
    None
}

fn completed(model: &mut Model, loading: Loading, argument: Result<String, Text>) {
    let Loading { verb, objects, typed, .. } = loading;
    match argument {
        Ok(argument) => {
            let objects = objects.clone();
            plan(model, verb, Intent { verb: verb.name.into(), objects, argument }, &typed);
        }
        Err(reason) => model.say(Tone::Warning, reason.to_string()),
    }
    // What was refused is mended and not typed again.
    if was_refused(model) && model.prompt.is_none() {
        model.prompt = Some(Prompt::again(Purpose::Argument(verb.name), &typed, objects));
        super::palette::suggest(model);
    }
}

/// The completions of the verb's argument.
pub fn choices(model: &Model, verb: &Verb) -> Vec<String> {
    let objects = match &model.prompt {
        Some(prompt) if prompt.purpose == Purpose::Argument(verb.name) => prompt.objects.clone(),
        _ => targets(model, verb),
    };
    verb.argument.as_ref().map_or(Vec::new(), |a| (a.choices)(&model.known(), &objects))
}

fn plan(model: &mut Model, verb: &'static Verb, intent: Intent, typed: &str) {
    if matches!(model.sheets.last(), Some(Sheet::Confirm(_))) {
        return model.say(Tone::Warning, "another action waits for its confirmation");
    }
    if let Some(query) = (verb.lookup)(&model.known(), &intent) {
        model.say(Tone::Plain, "asking Kafka for the offsets");
        let from = Awaited::Kafka { ask: model.ask(Ask::Offsets(query)), argument: intent.argument };
        model.loading = Some(Loading { from, verb, objects: intent.objects, typed: typed.to_string() });
        return;
    }
    match rights::plan(verb, &model.known(), &intent) {
        Err(reason) => model.say(Tone::Warning, reason),
        Ok(plan) => {
            let sheet = Confirm::new(verb, plan, &model.session, model.ground.clone(), model.now);
            model.help = None;
            model.sheets.push(Sheet::Confirm(Box::new(sheet)));
            model.effect(Effect::CheckJournal);
        }
    }
}
