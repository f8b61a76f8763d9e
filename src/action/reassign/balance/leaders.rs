//! Leaders made alike by the order of replicas.

use super::{Balance, LEADERS};
use std::collections::{BTreeSet, HashMap, VecDeque};

impl Balance<'_> {
    /// Makes leaders alike by who is first in the lists. Where nobody can hand leaders over to one who leads fewer,
    /// others hand theirs on (as matchings are improved along paths; Harvey and others, 2003).
    pub(super) fn order_leaders(&mut self) {
        let mut hands: HashMap<(usize, usize), Vec<usize>> = HashMap::new();
        for part in (0..self.parts.len()).filter(|part| self.movable[*part]) {
            self.offer(part, &mut hands);
        }
        let mut stuck = BTreeSet::new();
        while let Some(path) = self.path(&mut hands, &mut stuck) {
            for pair in path.windows(2) {
                let (from, to) = (pair[0], pair[1]);
                let Some(part) = hands.get_mut(&(from, to)).and_then(Vec::pop) else { return };
                let mut now = self.replicas(part).to_vec();
                let fresh = self.sites[to].id;
                let Some(nth) = now.iter().position(|id| *id == fresh) else { return };
                now.swap(0, nth);
                self.loads[from][LEADERS] -= 1.0;
                self.loads[to][LEADERS] += 1.0;
                self.changed.insert(part, now);
                self.offer(part, &mut hands);
            }
        }
    }

    /// Whom a partition's preferred leader can hand it over to: who is in sync, or will be once it has moved.
    fn offer(&self, part: usize, hands: &mut HashMap<(usize, usize), Vec<usize>>) {
        let (now, partition) = (self.replicas(part), self.parts[part].partition);
        let Some(leader) = now.first().and_then(|id| self.at(*id)) else { return };
        if !self.sites[leader].takes {
            return;
        }
        for id in now.iter().skip(1) {
            let comes = !partition.replicas.contains(*id);
            let Some(to) = self.at(*id).filter(|to| self.sites[*to].takes) else { continue };
            if comes || partition.isr.contains(*id) {
                hands.entry((leader, to)).or_default().push(part);
            }
        }
    }

    /// A way from a broker to one that leads at least two fewer, where one end is beyond the threshold.
    fn path(
        &self,
        hands: &mut HashMap<(usize, usize), Vec<usize>>,
        stuck: &mut BTreeSet<usize>,
    ) -> Option<Vec<usize>> {
        let leads = |at: usize| self.loads[at][LEADERS];
        let band = &self.bands[LEADERS];
        let mut off: Vec<usize> = self.members().filter(|at| band.off(leads(*at)) > 0.0).collect();
        off.sort_by(|a, b| band.off(leads(*b)).total_cmp(&band.off(leads(*a))).then(a.cmp(b)));
        for end in off {
            if stuck.contains(&end) {
                continue;
            }
            let over = leads(end) > band.high;
            let far = |at: usize| {
                if over { leads(at) + 2.0 <= leads(end) } else { leads(at) >= leads(end) + 2.0 }
            };
            if let Some(path) = self.search(hands, end, over, far) {
                stuck.clear();
                return Some(path);
            }
            stuck.insert(end);
        }
        None
    }

    /// The shortest way from `end`, or to it, to whoever is wanted.
    fn search(
        &self,
        hands: &mut HashMap<(usize, usize), Vec<usize>>,
        end: usize,
        forward: bool,
        wanted: impl Fn(usize) -> bool,
    ) -> Option<Vec<usize>> {
        let members: Vec<usize> = self.members().collect();
        let mut via: HashMap<usize, usize> = [(end, end)].into();
        let mut queue = VecDeque::from([end]);
        while let Some(at) = queue.pop_front() {
            for next in &members {
                let edge = if forward { (at, *next) } else { (*next, at) };
                if via.contains_key(next) || !self.has_hand(hands, edge) {
                    continue;
                }
                via.insert(*next, at);
                if wanted(*next) {
                    let mut path = vec![*next, at];
                    while path.last() != Some(&end) {
                        path.push(via[&path[path.len() - 1]]);
                    }
                    if forward {
                        path.reverse();
                    }
                    return Some(path);
                }
                queue.push_back(*next);
            }
        }
        None
    }

    /// Whether one can hand a partition over to the other; what was handed over since is forgotten.
    fn has_hand(&self, hands: &mut HashMap<(usize, usize), Vec<usize>>, (from, to): (usize, usize)) -> bool {
        let Some(parts) = hands.get_mut(&(from, to)) else { return false };
        let (leader, fresh) = (self.sites[from].id, self.sites[to].id);
        while let Some(part) = parts.last() {
            let now = self.replicas(*part);
            if now.first() == Some(&leader) && now.contains(&fresh) {
                return true;
            }
            parts.pop();
        }
        false
    }
}
