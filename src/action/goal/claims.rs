//! Goals about volume claims.

use super::{Known, Sight};
use crate::domain::{
    Text,
    kubernetes::{Claim, Key},
};

/// Gone, or another in its place.
pub fn replaced(known: &Known<'_>, key: &Key, uid: &Text) -> Sight {
    let claims = &known.world.snapshot.kubernetes.claims;
    if !claims.feed.state(known.world.now).is_live() {
        return Sight::Unknown("the claims are not read now".into());
    }
    let words = match claims.get(key) {
        None => return Sight::Reached,
        Some(other) if other.meta.uid != *uid => return Sight::Reached,
        Some(claim) if claim.meta.deleting.is_some() => {
            format!("claim {key} to go, which stays while a pod uses it")
        }
        Some(_) => format!("claim {key} to be deleted"),
    };
    Sight::Awaited { words, share: None }
}

/// It is being deleted, or gone, or another is in its place.
pub fn ending(known: &Known<'_>, key: &Key, uid: &Text) -> Sight {
    let claims = &known.world.snapshot.kubernetes.claims;
    if !claims.feed.state(known.world.now).is_live() {
        return Sight::Unknown("the claims are not read now".into());
    }
    let stays = |claim: &&Claim| claim.meta.uid == *uid && claim.meta.deleting.is_none();
    match claims.get(key).filter(stays) {
        Some(_) => Sight::Idle(format!("the API server to show that claim {key} is to go")),
        None => Sight::Reached,
    }
}
