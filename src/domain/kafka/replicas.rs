//! A short list of brokers. A partition has three of these lists and a cluster hundreds of thousands
//! of partitions, so up to five ids live in place.

use super::BrokerId;

#[derive(Clone)]
pub struct Replicas(Repr);

#[derive(Clone)]
enum Repr {
    Inline { len: u8, ids: [BrokerId; 5] },
    Heap(Box<[BrokerId]>),
}

impl Replicas {
    pub fn contains(&self, id: BrokerId) -> bool {
        self.as_ref().contains(&id)
    }
}

impl FromIterator<BrokerId> for Replicas {
    fn from_iter<I: IntoIterator<Item = BrokerId>>(iter: I) -> Self {
        let mut ids = [BrokerId(-1); 5];
        let mut iter = iter.into_iter();
        for len in 0..ids.len() {
            match iter.next() {
                Some(id) => ids[len] = id,
                None => return Replicas(Repr::Inline { len: len as u8, ids }),
            }
        }
        match iter.next() {
            None => Replicas(Repr::Inline { len: 5, ids }),
            Some(sixth) => Replicas(Repr::Heap(ids.into_iter().chain([sixth]).chain(iter).collect())),
        }
    }
}

impl AsRef<[BrokerId]> for Replicas {
    fn as_ref(&self) -> &[BrokerId] {
        match &self.0 {
            Repr::Inline { len, ids } => &ids[..*len as usize],
            Repr::Heap(ids) => ids,
        }
    }
}

impl std::ops::Deref for Replicas {
    type Target = [BrokerId];
    fn deref(&self) -> &[BrokerId] {
        self.as_ref()
    }
}

impl Default for Replicas {
    fn default() -> Self {
        Self::from_iter([])
    }
}

impl PartialEq for Replicas {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}
impl Eq for Replicas {}

impl std::hash::Hash for Replicas {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

impl std::fmt::Debug for Replicas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|b| b.0)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_and_length_at_every_size() {
        for n in 0..9 {
            let ids: Vec<_> = (0..n).map(BrokerId).collect();
            let replicas: Replicas = ids.iter().copied().collect();
            assert_eq!(replicas.as_ref(), &ids[..]);
        }
    }
}
