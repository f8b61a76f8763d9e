//! Services, disruption budgets and autoscalers: how pods are reached, guarded and counted.

use super::{
    Block, Cell, Column, Pane, Place, SortKey, Tone, World,
    objects::{Listed, Objects, object},
};
use crate::domain::{
    human,
    kubernetes::{Autoscaler, Budget, Kubernetes, Service, Table},
    object::Kind,
};

pub static SERVICES: Pane = Pane {
    name: "services",
    aliases: &["svc", "service"],
    about: "Services and their ports",
    blocks: &[Block::Table { table: &Objects::<Service>::TABLE, heading: "", weight: 1, spare: false }],
};

pub static BUDGETS: Pane = Pane {
    name: "budgets",
    aliases: &["pdb", "poddisruptionbudgets"],
    about: "PodDisruptionBudgets and how many pods may go now",
    blocks: &[Block::Table { table: &Objects::<Budget>::TABLE, heading: "", weight: 1, spare: false }],
};

pub static AUTOSCALERS: Pane = Pane {
    name: "autoscalers",
    aliases: &["hpa", "horizontalpodautoscalers"],
    about: "HorizontalPodAutoscalers: who else sets the number of replicas",
    blocks: &[Block::Table { table: &Objects::<Autoscaler>::TABLE, heading: "", weight: 1, spare: false }],
};

impl Listed for Service {
    const KIND: Kind = Kind::Service;
    const NOUN: &'static str = "services";
    const COLUMNS: &'static [Column<Objects<Self>>] = &[
        Objects::<Self>::NAMESPACE,
        Objects::<Self>::NAME,
        Column::text(
            "TYPE",
            12,
            |_, s: &Self| Cell::plain(s.kind.to_string()),
            |_, s: &Self| SortKey::Text(&s.kind),
        )
        .rank(2)
        .sort('T'),
        Column::text(
            "CLUSTER-IP",
            15,
            |_, s: &Self| Cell::plain(s.cluster_ip.to_string()),
            |_, s: &Self| SortKey::Text(&s.cluster_ip),
        )
        .rank(1)
        .sort('I'),
        Column::text(
            "PORTS",
            28,
            |_, s: &Self| Cell::plain(ports(s)),
            |_, s: &Self| SortKey::Owned(ports(s)),
        )
        .rank(3)
        .sort('O'),
        Objects::<Self>::AGE,
    ];

    fn table(kubernetes: &Kubernetes) -> &Table<Self> {
        &kubernetes.services
    }

    /// A service has no state of its own that could be wrong.
    fn fault(&self, _world: &World<'_>) -> bool {
        false
    }

    fn drill(&self, _world: &World<'_>) -> Option<Place> {
        (!self.selector.is_empty()).then(|| Place { pane: "pods", scope: Some(object(self)) })
    }
}

fn ports(service: &Service) -> String {
    human::list(
        service.ports.iter().map(|p| match &*p.name {
            "" => p.port.to_string(),
            name => format!("{name}:{}", p.port),
        }),
        4,
    )
}

impl Listed for Budget {
    const KIND: Kind = Kind::DisruptionBudget;
    const NOUN: &'static str = "budgets";
    const COLUMNS: &'static [Column<Objects<Self>>] = &[
        Objects::<Self>::NAMESPACE,
        Objects::<Self>::NAME,
        Column::number(
            "ALLOWED",
            7,
            |_, b: &Self| {
                let tone = if b.allowed > 0 { Tone::Plain } else { Tone::Warning };
                Cell::toned(b.allowed.to_string(), tone)
            },
            |_, b: &Self| SortKey::Number(f64::from(b.allowed)),
        )
        .sort('D'),
        Column::number(
            "HEALTHY",
            9,
            |_, b: &Self| Cell::plain(format!("{}/{}", b.healthy, b.expected)),
            |_, b: &Self| SortKey::Number(f64::from(b.healthy)),
        )
        .sort('R'),
        Column::text(
            "KEEPS",
            24,
            |_, b: &Self| Cell::plain(keeps(b)),
            |_, b: &Self| SortKey::Owned(keeps(b)),
        )
        .rank(2)
        .sort('K'),
        Objects::<Self>::AGE,
    ];

    fn table(kubernetes: &Kubernetes) -> &Table<Self> {
        &kubernetes.budgets
    }

    fn fault(&self, _world: &World<'_>) -> bool {
        self.healthy < self.desired
    }

    fn drill(&self, _world: &World<'_>) -> Option<Place> {
        Some(Place { pane: "pods", scope: Some(object(self)) })
    }
}

/// The rule as it was written.
fn keeps(budget: &Budget) -> String {
    match (&*budget.min_available, &*budget.max_unavailable) {
        ("", "") => "–".into(),
        ("", most) => format!("at most {most} away"),
        (least, _) => format!("at least {least} there"),
    }
}

impl Listed for Autoscaler {
    const KIND: Kind = Kind::Autoscaler;
    const NOUN: &'static str = "autoscalers";
    const COLUMNS: &'static [Column<Objects<Self>>] = &[
        Objects::<Self>::NAMESPACE,
        Objects::<Self>::NAME,
        Column::text(
            "SCALES",
            28,
            |_, a: &Self| Cell::plain(target(a)),
            |_, a: &Self| SortKey::Owned(target(a)),
        )
        .sort('T'),
        Column::number(
            "REPLICAS",
            8,
            |_, a: &Self| Cell::plain(a.current.to_string()),
            |_, a: &Self| SortKey::Number(f64::from(a.current)),
        )
        .sort('R'),
        Column::number(
            "WANTED",
            7,
            |_, a: &Self| {
                let tone = if a.desired == a.current { Tone::Plain } else { Tone::Warning };
                Cell::toned(a.desired.to_string(), tone)
            },
            |_, a: &Self| SortKey::Number(f64::from(a.desired)),
        )
        .rank(1)
        .sort('W'),
        Column::number(
            "RANGE",
            7,
            |_, a: &Self| Cell::plain(format!("{}–{}", a.min, a.max)),
            |_, a: &Self| SortKey::Number(f64::from(a.max)),
        )
        .rank(2)
        .sort('M'),
        Objects::<Self>::AGE,
    ];

    fn table(kubernetes: &Kubernetes) -> &Table<Self> {
        &kubernetes.autoscalers
    }

    /// It is at its limit and would go further, or has not reached what it wants.
    fn fault(&self, _world: &World<'_>) -> bool {
        self.desired != self.current
    }
}

fn target(autoscaler: &Autoscaler) -> String {
    format!("{}/{}", autoscaler.target_kind, autoscaler.target_name)
}
