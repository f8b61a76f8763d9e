//! The kinds that are watched, and how each finds its table.

use super::project::Project;
use crate::domain::{
    kubernetes::{
        Autoscaler, Budget, Claim, Deployment, Event, KubernetesDelta, Node, Pod, ReplicaSet, Row, Service,
        StatefulSet, TableDelta,
    },
    object::Kind,
    time::Time,
};

/// A kind of object that is listed and watched.
pub trait Watched: Row + Project + Send + 'static {
    const KIND: Kind;
    /// Only so many of the newest are kept (by [`Watched::time`]); None: all.
    const NEWEST: Option<usize> = None;

    fn delta(delta: TableDelta<Self>) -> KubernetesDelta;

    fn time(&self) -> Time {
        self.meta().created
    }
}

macro_rules! watched {
    ($($row:ident $kind:ident $delta:ident $({ $($more:tt)* })?,)*) => {$(
        impl Watched for $row {
            const KIND: Kind = Kind::$kind;
            fn delta(delta: TableDelta<Self>) -> KubernetesDelta {
                KubernetesDelta::$delta(delta)
            }
            $($($more)*)?
        }
    )*};
}

watched! {
    Pod Pod Pods,
    StatefulSet StatefulSet StatefulSets,
    Deployment Deployment Deployments,
    ReplicaSet ReplicaSet ReplicaSets,
    Node Node Nodes,
    Claim Claim Claims,
    Budget DisruptionBudget Budgets,
    Autoscaler Autoscaler Autoscalers,
    Service Service Services,
    Event Event Events {
        const NEWEST: Option<usize> = Some(1000);
        fn time(&self) -> Time {
            self.last
        }
    },
}
