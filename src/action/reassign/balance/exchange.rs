//! Brokers that have as many replicas as they should and too many bytes give large ones for small ones.

use super::{BYTES, Balance, HARDLY, OVERHEAD};
use std::collections::BTreeSet;

/// Who gives a replica of what size, and who gives one of what size for it.
type Deal = ((usize, u32), (usize, u32));

impl Balance<'_> {
    /// Whether anything was exchanged.
    pub(super) fn exchange_replicas(&mut self) -> bool {
        let (mut vain, mut any) = (BTreeSet::new(), false);
        while let Some(deal) = self.best_deal(&vain) {
            match self.exchange_some(deal) {
                true => any = true,
                false => drop(vain.insert(deal)),
            }
        }
        any
    }

    /// Less imbalance once so many bytes more have gone one way than the other.
    fn relief(&self, from: usize, to: usize, net: f64) -> f64 {
        let off = |load: f64| self.bands[BYTES].off(load).powi(2);
        let (a, b) = (self.loads[from][BYTES], self.loads[to][BYTES]);
        off(a) + off(b) - off(a - net) - off(b + net)
    }

    fn best_deal(&self, vain: &BTreeSet<Deal>) -> Option<Deal> {
        let band = &self.bands[BYTES];
        let mut best: Option<(f64, Deal)> = None;
        for from in self.members() {
            for to in self.members().filter(|to| *to != from) {
                if self.loads[from][BYTES] <= band.high && self.loads[to][BYTES] >= band.low {
                    continue;
                }
                for ((_, large), _) in
                    self.on.range((from, 0)..(from + 1, 0)).filter(|(_, parts)| !parts.is_empty())
                {
                    for ((_, small), _) in
                        self.on.range((to, 0)..(to, *large)).filter(|(_, parts)| !parts.is_empty())
                    {
                        let (gives, gets) = ((1_u64 << large) as f64, (1_u64 << small) as f64);
                        let relief = self.relief(from, to, gives - gets);
                        let worth = relief / (gives + gets + OVERHEAD);
                        let deal = ((from, *large), (to, *small));
                        if relief > HARDLY
                            && worth > best.map_or(0.0, |(most, _)| most)
                            && !vain.contains(&deal)
                        {
                            best = Some((worth, deal));
                        }
                    }
                }
            }
        }
        best.map(|(_, deal)| deal)
    }

    /// Exchanges replicas that do not lead, as long as it helps; whether any.
    fn exchange_some(&mut self, ((from, large), (to, small)): Deal) -> bool {
        let follows = |part: usize, a: usize, b: usize| !self.leads(part, a) && self.fits(part, a, b);
        let gives = self.some((from, large), 0, |part| follows(part, from, to));
        let gets = self.some((to, small), 0, |part| follows(part, to, from));
        let (mut gone, mut come) = (BTreeSet::new(), BTreeSet::new());
        for ((_, give), (_, get)) in gives.into_iter().zip(gets) {
            let net = self.bytes(give) - self.bytes(get);
            let helps = self.relief(from, to, net) > HARDLY && self.within(BYTES, from, to, net);
            if !helps || !self.fits(give, from, to) || !self.fits(get, to, from) {
                break;
            }
            self.shift(give, from, to);
            self.shift(get, to, from);
            gone.insert(give);
            come.insert(get);
        }
        let any = !gone.is_empty();
        self.rehouse(&gone, (from, large), to);
        self.rehouse(&come, (to, small), from);
        any
    }
}
