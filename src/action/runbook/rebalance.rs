//! Make brokers alike in bytes, replicas and leaders.

use super::moves;
use crate::{
    action::{
        Act, Argument, Intent, Known, May, Note, Plan, Risk, Verb, rate,
        reassign::{
            self,
            balance::{Balance, Balanced, Spread},
            disks::Room,
            planner::{Part, Site},
            wish::Scope,
        },
        rights::THROTTLE,
        task::{self, Elect, Task, Until},
        words,
    },
    domain::{human, kafka::BrokerId, object::Object},
};

/// Brokers are alike when none is further from the mean than this. Percent.
///
/// Source: Cruise Control's `disk.balance.threshold` and `replica.count.balance.threshold`, 1.1.
pub const WITHIN: u32 = 10;

pub static REBALANCE: Verb = Verb {
    name: "rebalance",
    about: "make brokers alike",
    argument: Some(Argument {
        name: "[all] [within PERCENT] [at RATE]",
        proposal: |_, _| String::new(),
        choices: |_, _| vec!["all".into(), "within 5%".into()],
        file: false,
    }),
    acts: &[May::always(Act::Reassign), May::always(Act::Elect), THROTTLE[0], THROTTLE[1]],
    takes: |_, _| Ok(()),
    many: true,
    plan,
    ..Verb::PLAIN
};

/// What is made alike, and how much.
pub struct Aim<'a> {
    /// Brokers: among these; topics and partitions: by moving nothing but these; of nothing, everything.
    pub of: &'a [Object],
    /// Percent.
    pub within: u32,
    /// Brokers that are still to come.
    pub more: Vec<Site>,
}

/// What an aim comes to.
pub struct Reached {
    pub balanced: Balanced,
    /// The brokers that are made alike.
    pub among: Vec<BrokerId>,
    /// Partitions that are left where they are: out of sync, being moved, or of a size that is not known.
    pub resting: usize,
}

impl Aim<'_> {
    pub fn reach(self, known: &Known<'_>) -> Result<Reached, String> {
        let kafka = &known.world.snapshot.kafka;
        let scope = Scope::of(self.of)?;
        let mut sites = Site::all(kafka, |id| Room::of(known, id));
        for site in &mut sites {
            site.takes = site.up && (scope.brokers.is_empty() || scope.brokers.contains(&site.id));
        }
        sites.extend(self.more);
        let among: Vec<BrokerId> = sites.iter().filter(|site| site.takes).map(|site| site.id).collect();
        if among.len() < 2 {
            return Err("at least two brokers that are up are needed to make them alike".into());
        }
        let parts = Scope::default().parts_or_all(kafka)?;
        let moves = kafka.reassignments.last();
        let rests = |part: &Part<'_>| {
            let moving = moves.is_some_and(|all| all.get(part.topic, part.partition.index).is_some());
            moving || part.partition.under_replicated() || part.bytes.is_none()
        };
        let meant = |part: &Part<'_>| {
            scope.is_empty() || scope.only_brokers() || scope.has(part.topic, part.partition.index, &[])
        };
        let resting = parts.iter().filter(|part| meant(part) && rests(part)).count();
        let threshold = f64::from(self.within) / 100.0;
        let balance = Balance::new(sites, &parts, threshold, |part| meant(part) && !rests(part));
        Ok(Reached { balanced: balance.plan(), among, resting })
    }
}

impl Reached {
    /// The moves, and then who leads.
    pub fn tasks(&self, known: &Known<'_>, rate: Option<u64>) -> Vec<Task> {
        let elect = || Elect { brokers: self.among.clone() }.into();
        moves(known, &self.balanced.changes, rate).into_iter().flat_map(|moves| [moves, elect()]).collect()
    }

    /// What it is good for.
    pub fn tell(&self, plan: &mut Plan) {
        let Balanced { changes, before, after } = &self.balanced;
        let line = |what: &str, of: fn(&Spread) -> f64| {
            format!(
                "{what}: at most {} off the mean now, {} afterwards",
                human::percent(of(before)),
                human::percent(of(after))
            )
        };
        plan.amounts.push(line("bytes", |s| s.bytes));
        plan.amounts.push(line("replicas", |s| s.replicas));
        plan.amounts.push(line("preferred leaders", |s| s.leaders));
        let lists = changes.iter().filter(|c| c.added().next().is_none()).count();
        let hands = changes.iter().filter(|c| c.from.first() != c.to.first()).count();
        let some = [
            (hands, "get another preferred leader"),
            (lists, "of them by the order of their replicas alone, which copies nothing"),
            (self.resting, "left alone: out of sync, being moved, or of unknown size"),
        ];
        for (n, what) in some.into_iter().filter(|(n, _)| *n > 0) {
            plan.amounts.push(format!("{} {what}", human::plural(n, "partition")));
        }
    }
}

/// What is typed: `all within 5% at 50MiB`.
struct Wish {
    all: bool,
    within: u32,
    rate: Option<u64>,
}

impl Wish {
    fn parse(argument: &str) -> Result<Wish, String> {
        let (rest, rate) = rate::split(argument)?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        let (all, words) = match words.as_slice() {
            ["all", rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let within = match words {
            [] => WITHIN,
            ["within", percent] => {
                let number = percent.trim_end_matches('%').parse().ok().filter(|n| (1..100).contains(n));
                number.ok_or_else(|| {
                    format!("{percent:?} is no percentage; type one from 1 to 99, as in `within 5%`")
                })?
            }
            _ => {
                return Err(format!(
                    "{rest:?} is not understood; type `all`, `within 5%`, `at 50MiB`, in this order, or nothing"
                ));
            }
        };
        Ok(Wish { all, within, rate })
    }
}

/// Topics and partitions, or several brokers, mean themselves; all else means the whole cluster.
pub fn meant(objects: &[Object], all: bool) -> &[Object] {
    let brokers = objects.iter().all(|object| matches!(object, Object::Broker(_)));
    match objects {
        _ if all => &[],
        objects if brokers && objects.len() < 2 => &[],
        objects if Scope::of(objects).is_err() => &[],
        objects => objects,
    }
}

fn plan(known: &Known<'_>, intent: &Intent) -> Result<Plan, String> {
    let Wish { all, within, rate } = Wish::parse(&intent.argument)?;
    let of = meant(&intent.objects, all);
    let reached = Aim { of, within, more: Vec::new() }.reach(known)?;
    let (among, balanced) = (&reached.among, &reached.balanced);
    if balanced.changes.is_empty() {
        return Err(needless(within, &reached));
    }
    let what = match of {
        [] => "the cluster".to_string(),
        [Object::Broker(_), ..] => words::brokers(among),
        [Object::Topic(topic)] => format!("partitions of {topic}"),
        some => format!("what {} selected objects name", some.len()),
    };
    let name = match of {
        [] => "cluster".to_string(),
        [one] => one.name(),
        many => format!("{} objects", many.len()),
    };
    let mut plan = Plan::new(intent, format!("rebalance {what}, within {within}% of the mean"), name);
    plan.risk = Risk::Low;
    plan.changes.push(format!(
        "replicas move until {} each have bytes, replicas and preferred leaders within {within}% of the mean, or \
         no move helps",
        words::brokers(among)
    ));
    plan.notes.push(Note::plain("racks are kept, and no disk passes its limit"));
    reached.tell(&mut plan);
    reassign::weigh(known, &mut plan, &balanced.changes, rate);
    let until = Until::Planned { tasks: reached.tasks(known, rate) };
    plan.tasks.push(task::Spread { within, rate, of: of.to_vec(), until }.into());
    Ok(plan)
}

/// Why nothing is moved.
fn needless(within: u32, reached: &Reached) -> String {
    let Spread { bytes, replicas, leaders } = reached.balanced.before;
    let has = format!(
        "bytes at most {} off the mean, replicas {}, preferred leaders {}",
        human::percent(bytes),
        human::percent(replicas),
        human::percent(leaders)
    );
    let limit = f64::from(within) / 100.0;
    let who = words::brokers(&reached.among);
    if bytes.max(replicas).max(leaders) <= limit {
        return format!("{who} are alike already: {has}; type a smaller `within` for more");
    }
    format!("no move makes {who} more alike while racks are kept and disks under their limit: {has}")
}
