//! One run: a cluster, a runbook on it, faults between any two steps, and castellan killed and started again.

use crate::{cluster::Cluster, oracle, told};
use castellan::{
    action::{
        self, Intent, Known, Policy, Said, Verb, Write,
        journal::{Entry, What, tell},
        rights::Deed,
        workflow::{Order, Workflow},
    },
    domain::{derived::Derived, object::Object, operation::Stage, snapshot::Snapshot, world::World},
};
use fastrand::Rng;

/// The seconds between two looks, and those after which a run that is not over hangs.
const LOOK: u64 = 2;
const LONGEST: u64 = 4 * 3_600;
/// No fault begins later, so that every run can end.
const CALM: u64 = 1_200;

/// What is done to which of it.
pub struct Wish {
    pub verb: &'static str,
    pub objects: fn(&Cluster, &mut Rng) -> Vec<Object>,
    pub argument: fn(&Cluster, &mut Rng) -> String,
    /// What must be true in the end; `before`: as it was.
    pub becomes:
        fn(before: &Cluster, after: &Cluster, objects: &[Object], argument: &str) -> Result<(), String>,
}

/// How a run went.
#[derive(Debug, Default)]
pub struct Tally {
    pub planned: bool,
    pub steps: usize,
    pub faults: usize,
    pub killed: usize,
}

struct Run {
    verb: &'static Verb,
    cluster: Cluster,
    /// The cluster as castellan was told of it last.
    seen: Cluster,
    snapshot: Snapshot,
    rng: Rng,
    journal: Vec<Entry>,
    tally: Tally,
    /// Nothing is told until then.
    silent: u64,
}

/// Plays it.
///
/// # Errors
/// What went wrong, with the seed.
pub fn play(wish: &Wish, seed: u64) -> Result<Tally, String> {
    let cluster = Cluster::new(seed);
    let mut run = Run {
        verb: action::find(wish.verb).ok_or("there is no such verb")?,
        snapshot: told::snapshot(&cluster),
        seen: cluster.clone(),
        rng: Rng::with_seed(seed ^ 0x5eed),
        cluster,
        journal: Vec::new(),
        tally: Tally::default(),
        silent: 0,
    };
    run.go(wish).map_err(|why| format!("{} with seed {seed}: {why}", wish.verb))?;
    Ok(run.tally)
}

impl Run {
    fn go(&mut self, wish: &Wish) -> Result<(), String> {
        let before = self.cluster.clone();
        let objects = (wish.objects)(&self.cluster, &mut self.rng);
        let argument = (wish.argument)(&self.cluster, &mut self.rng);
        let intent = Intent { verb: wish.verb.into(), objects: objects.clone(), argument: argument.clone() };
        let plan = self.known(|known| (self.verb.plan)(known, &intent));
        // What cannot be planned is no run.
        let Ok(plan) = plan else { return Ok(()) };
        if plan.tasks.is_empty() || !plan.refusals.is_empty() {
            return Ok(());
        }
        self.tally.planned = true;
        let (mut flow, orders) = Workflow::begin("2026-1-1".into(), &plan, told::time(&self.cluster));
        let mut alive = self.obey(&mut flow, orders)?;
        while self.cluster.now < LONGEST {
            self.cluster.pass(LOOK);
            self.strike();
            if self.cluster.now >= self.silent {
                told::tell(&self.cluster, &mut self.snapshot);
                self.seen = self.cluster.clone();
            }
            if !alive {
                flow = self.start_again()?;
            }
            let orders = self.known(|known| flow.look(known));
            alive = self.obey(&mut flow, orders)?;
            match flow.operation().stage {
                Stage::Done => return self.judge(wish, &before, &objects, &argument),
                Stage::Failed => return Err(format!("it failed: {}", flow.operation().words)),
                Stage::Paused if self.cluster.now > CALM + 300 => {
                    let orders = flow.steer(action::course::Steer::GoOn, told::time(&self.cluster));
                    alive = self.obey(&mut flow, orders)?;
                }
                _ => {}
            }
        }
        Err(format!("it hangs: {:?} {}", flow.operation().stage, flow.operation().words))
    }

    fn known<T>(&self, look: impl FnOnce(&Known<'_>) -> T) -> T {
        let now = told::time(&self.cluster);
        let derived = Derived::of(&self.snapshot, now, None);
        let world = World { snapshot: &self.snapshot, derived: &derived, now };
        look(&Known { world, policy: Policy::default() })
    }

    fn judge(&self, wish: &Wish, before: &Cluster, objects: &[Object], argument: &str) -> Result<(), String> {
        let throttles = self.cluster.throttles();
        if !throttles.is_empty() {
            return Err(format!("throttles are left: {throttles:?}"));
        }
        let moving = self.cluster.partitions().filter(|(_, _, _, p)| p.moving.is_some()).count();
        if moving > 0 {
            return Err(format!("{moving} partitions still move"));
        }
        (wish.becomes)(before, &self.cluster, objects, argument)
    }

    /// Does what is ordered, as castellan's hand would. Whether castellan lives on.
    fn obey(&mut self, flow: &mut Workflow, orders: Vec<Order>) -> Result<bool, String> {
        for order in orders {
            match order {
                Order::Record(what) => {
                    self.keep(what);
                    if self.dies() {
                        return Ok(false);
                    }
                }
                Order::Act { step, write } => {
                    self.keep(What::Began { step });
                    if self.dies() {
                        return Ok(false);
                    }
                    let said = self.act(&write)?;
                    if self.dies() {
                        return Ok(false);
                    }
                    self.keep(What::Answered { step, answer: said.clone() });
                    if self.dies() {
                        return Ok(false);
                    }
                    let next = flow.acted(step, said, told::time(&self.cluster));
                    if !self.obey(flow, next)? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    fn keep(&mut self, what: What) {
        let at = told::time(&self.cluster);
        self.journal.push(Entry { at, operation: "2026-1-1".into(), context: "lab".into(), what });
    }

    fn act(&mut self, write: &Write) -> Result<Said, String> {
        self.tally.steps += 1;
        let calm = self.cluster.now > CALM;
        match self.rng.u32(..20) {
            0 if !calm => return Ok(Said::Refused("the API server is away; nothing was done".into())),
            1 if !calm => return Ok(Said::Unheard("no answer; whether it was done is not known".into())),
            _ => {}
        }
        // What castellan could not have seen yet is not its fault.
        let unlisted =
            Deed::of(write).into_iter().find(|deed| self.verb.acts.iter().all(|may| may.act != deed.act));
        if let Some(deed) = unlisted {
            return Err(format!("{write:?}: {deed:?} is no act that {} lists", self.verb.name));
        }
        let forbidden = oracle::forbids(&self.seen, write);
        if !forbidden.is_empty() {
            return Err(format!("{write:?} is unsafe: {forbidden:?}"));
        }
        let said = self.cluster.write(write);
        Ok(match self.rng.u32(..20) {
            0 if !calm => Said::Unheard("no answer; whether it was done is not known".into()),
            _ => said,
        })
    }

    fn dies(&mut self) -> bool {
        let dies = self.cluster.now < CALM && self.rng.u32(..40) == 0;
        self.tally.killed += usize::from(dies);
        dies
    }

    /// Another castellan, which has the journal and the cluster.
    fn start_again(&mut self) -> Result<Workflow, String> {
        let told = tell(self.journal.iter().cloned()).pop().ok_or("the plan was not kept")?;
        let mut flow = Workflow::left(&told);
        let orders = flow.take_up(told::time(&self.cluster));
        self.obey(&mut flow, orders)?;
        Ok(flow)
    }

    /// Something happens by itself.
    fn strike(&mut self) {
        if self.cluster.now > CALM || self.rng.u32(..60) > 0 {
            return;
        }
        self.tally.faults += 1;
        let brokers: Vec<i32> = self.cluster.brokers.keys().copied().collect();
        let away = self.rng.u64(5..90);
        match self.rng.u32(..3) {
            0 => self.silent = self.cluster.now + away,
            1 => self.cluster.controller = brokers[self.rng.usize(..brokers.len())],
            _ => {
                let id = brokers[self.rng.usize(..brokers.len())];
                // A second broker away is a disaster of its own, which runbooks wait for and do not prevent.
                if brokers.iter().all(|other| self.cluster.is_up(*other)) {
                    self.cluster.crash(id, away);
                }
            }
        }
    }
}
