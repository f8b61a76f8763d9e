//! Every pane in every state of the world, and what the registry promises.

use super::*;
use crate::{
    domain::{
        kafka::BrokerId,
        throughput::{Sampling, ThroughputDelta},
    },
    pane::chart::By,
    world::{Fixture, Mood, NOW, SMALL, fixture},
};
use std::{collections::BTreeSet, time::Duration};

fn tables() -> impl Iterator<Item = (&'static Pane, &'static dyn Table)> {
    PANES.iter().flat_map(|pane| {
        pane.blocks.iter().filter_map(move |block| match block {
            Block::Table { table, .. } => Some((*pane, *table)),
            _ => None,
        })
    })
}

/// The rows of a pane's first table as text, columns parted by `|`.
fn rows(fixture: &Fixture, pane: &str, query: &Query) -> Vec<String> {
    let world = fixture.world();
    let Some(Block::Table { table, .. }) =
        find(pane).unwrap().blocks.iter().find(|b| matches!(b, Block::Table { .. }))
    else {
        panic!("no table")
    };
    let all: Vec<usize> = (0..table.headings().len()).collect();
    let text = |object: &Object| {
        let cells = table.cells(&world, object, &all).unwrap();
        cells.iter().map(|c| c.text.to_string()).collect::<Vec<_>>().join("|")
    };
    table.arrange(&world, query).iter().map(text).collect()
}

fn within(scope: Object) -> Query {
    Query { scope: Some(scope), ..Query::default() }
}

#[test]
fn a_reader_of_a_group_is_known_by_its_pod() {
    let fixture = fixture(Mood::Healthy, SMALL);
    let pods = |noun: &str| -> BTreeSet<Option<String>> {
        let (_, table) = tables().find(|(p, t)| p.name == "members" && t.noun() == noun).unwrap();
        let of_audit = within(Object::Group("audit".into()));
        let readers = table.arrange(&fixture.world(), &of_audit);
        readers.iter().map(|o| reader_pod(&fixture.world(), o).map(|key| key.to_string())).collect()
    };
    let expected = ["shop/audit-5d8c7-0", "shop/audit-5d8c7-1"].map(|name| Some(name.to_string()));
    assert_eq!(pods("members"), BTreeSet::from(expected.clone()));
    assert_eq!(pods("partitions"), BTreeSet::from(expected));
}

#[test]
fn words_that_open_panes_are_unique() {
    let words: Vec<&str> =
        PANES.iter().flat_map(|p| [p.name].into_iter().chain(p.aliases.iter().copied())).collect();
    assert_eq!(words.iter().collect::<BTreeSet<_>>().len(), words.len(), "{words:?}");
}

#[test]
fn letters_that_sort_are_unique_and_free() {
    for (pane, table) in tables() {
        let letters: Vec<char> = table.headings().iter().filter_map(|h| h.sort).collect();
        assert_eq!(
            letters.iter().collect::<BTreeSet<_>>().len(),
            letters.len(),
            "{}: {letters:?}",
            pane.name
        );
        // G goes to the end and Y copies the report.
        assert!(letters.iter().all(|l| l.is_ascii_uppercase() && !"GY".contains(*l)), "{}", pane.name);
    }
}

#[test]
fn the_narrowest_screen_shows_the_columns_that_stay() {
    for (pane, table) in tables() {
        let wanted = |h: &table::Heading| match h.width {
            table::Width::Fixed(w) | table::Width::Flex(w) => w + 1,
        };
        let stays = table.headings().iter().filter(|h| h.rank == 0).map(wanted).sum::<u16>();
        assert!(stays <= 80, "{}/{} needs {stays}", pane.name, table.noun());
    }
}

#[test]
fn every_row_has_all_its_cells_and_is_found_again_in_every_world() {
    for mood in Mood::ALL {
        let fixture = fixture(mood, SMALL);
        let world = fixture.world();
        for (pane, table) in tables() {
            let all: Vec<usize> = (0..table.headings().len()).collect();
            let objects = table.arrange(&world, &Query::default());
            assert_eq!(objects.iter().collect::<BTreeSet<_>>().len(), objects.len(), "{}", pane.name);
            for object in objects.iter() {
                let cells = table.cells(&world, object, &all).unwrap_or_else(|| {
                    panic!("{mood:?} {}: {} is not found", pane.name, object.name());
                });
                assert_eq!(cells.len(), all.len());
            }
        }
    }
}

#[test]
fn every_column_sorts_in_both_directions_without_losing_a_row() {
    let fixture = fixture(Mood::Degraded, SMALL);
    let world = fixture.world();
    for (pane, table) in tables() {
        let usual = table.arrange(&world, &Query::default());
        let mut turned = usual.clone();
        for column in 0..table.headings().len() {
            for descending in [false, true] {
                let query = Query { sort: Some(Sort { column, descending }), ..Query::default() };
                let anew = table.arrange(&world, &query);
                assert_eq!(anew.len(), usual.len(), "{} {column}", pane.name);
                table.rearrange(&world, &query, &mut turned);
                assert!(turned.iter().eq(anew.iter()), "{} {column}", pane.name);
            }
        }
        table.rearrange(&world, &Query::default(), &mut turned);
        assert!(turned.iter().eq(usual.iter()), "{}", pane.name);
    }
}

#[test]
fn contexts_say_whose_they_are_and_which_one_this_is() {
    let fixture = fixture(Mood::Healthy, SMALL);
    let rows = rows(&fixture, "contexts", &Query::default());
    assert_eq!(rows, ["lab|yes|on-loopback|admin|kafka", "other||on-loopback|admin|default"]);
}

#[test]
fn nothing_old_looks_new() {
    for mood in [Mood::Stale, Mood::Failed] {
        let fixture = fixture(mood, SMALL);
        let world = fixture.world();
        for (pane, table) in tables().filter(|(pane, _)| pane.name != "findings") {
            let all: Vec<usize> = (0..table.headings().len()).collect();
            for object in table.arrange(&world, &Query::default()).iter() {
                // Contexts hold as long as castellan runs.
                if matches!(object, Object::Finding(_) | Object::Context(_)) {
                    continue;
                }
                for (i, cell) in table.cells(&world, object, &all).unwrap().iter().enumerate() {
                    assert!(
                        matches!(cell.doubt, Doubt::Stale(_) | Doubt::Failed(_)),
                        "{mood:?} {} {} {}: {cell:?}",
                        pane.name,
                        object.name(),
                        table.headings()[i].title
                    );
                }
            }
        }
    }
}

#[test]
fn a_healthy_world_has_no_faults_and_no_doubts() {
    let fixture = fixture(Mood::Healthy, SMALL);
    let world = fixture.world();
    for (pane, table) in tables() {
        let query = Query { faults: true, ..Query::default() };
        assert!(table.arrange(&world, &query).is_empty(), "{}", pane.name);
        let all: Vec<usize> = (0..table.headings().len()).collect();
        for object in table.arrange(&world, &Query::default()).iter() {
            let cells = table.cells(&world, object, &all).unwrap();
            assert!(cells.iter().all(|c| c.doubt == Doubt::None), "{}", pane.name);
        }
    }
}

#[test]
fn drilling_leads_to_a_pane_that_shows_something() {
    let fixture = fixture(Mood::Degraded, SMALL);
    let world = fixture.world();
    for (pane, table) in tables() {
        for object in table.arrange(&world, &Query::default()).iter() {
            let Some(place) = table.drill(&world, object) else { continue };
            let target = find(place.pane).unwrap_or_else(|| panic!("no pane {}", place.pane));
            let query = Query { scope: place.scope.clone(), ..Query::default() };
            let rows: usize = target
                .blocks
                .iter()
                .map(|block| match block {
                    Block::Table { table, .. } => table.arrange(&world, &query).len(),
                    _ => 0,
                })
                .sum();
            assert!(rows > 0, "{}: {} leads to an empty {place:?}", pane.name, object.name());
        }
    }
}

#[test]
fn brokers_are_joined_from_pod_broker_and_throughput() {
    let fixture = fixture(Mood::Degraded, SMALL);
    let rows = rows(&fixture, "brokers", &Query::default());
    assert_eq!(rows.len(), 3);
    assert!(rows[0].starts_with("0|kafka-0|Running|0|up ctrl|42|"), "{}", rows[0]);
    assert!(rows[0].contains("|zone-a|node-a1|zone-a|kafka-0.kafka-brokers.kafka.svc"), "{}", rows[0]);
    assert!(rows[1].starts_with("1|kafka-1|CrashLoopBackOff|7|gone|42|0|0|0|42|"), "{}", rows[1]);
    assert!(rows[2].contains("|92%|"), "{}", rows[2]);
}

#[test]
fn a_groups_partitions_show_lag_and_the_pod_that_reads_them() {
    let fixture = fixture(Mood::Degraded, SMALL);
    let world = fixture.world();
    let Block::Table { table, .. } = &find("members").unwrap().blocks[1] else { panic!("no table") };
    let objects = table.arrange(&world, &within(Object::Group("audit".into())));
    let cells = table.cells(&world, objects.get(0).unwrap(), &[1, 3, 6]).unwrap();
    let text: Vec<_> = cells.iter().map(|c| &*c.text).collect();
    assert_eq!(text, ["clicks", "1,200", "audit-5d8c7-0"]);
    assert_eq!(objects.len(), 35);
    let place = table.drill(&world, objects.get(0).unwrap()).unwrap();
    let pods = rows(&fixture, place.pane, &within(place.scope.unwrap()));
    assert!(pods[0].contains("audit-5d8c7-0") && pods.len() == 1, "{pods:?}");
}

#[test]
fn scopes_narrow_to_what_belongs_to_an_object() {
    let fixture = fixture(Mood::Healthy, SMALL);
    let kube = |kind, namespace: &str, name: &str| Object::Kube {
        kind,
        key: crate::domain::kubernetes::Key::new(namespace, name),
        uid: format!("uid-{namespace}-{name}").into(),
    };
    let count = |pane: &str, scope: Object| rows(&fixture, pane, &within(scope)).len();
    assert_eq!(count("pods", kube(Kind::StatefulSet, "kafka", "kafka")), 3);
    assert_eq!(count("pods", kube(Kind::Deployment, "shop", "billing")), 2);
    assert_eq!(count("pods", kube(Kind::Service, "kafka", "kafka-bootstrap")), 3);
    assert_eq!(count("pods", kube(Kind::Claim, "kafka", "data-kafka-2")), 1);
    assert_eq!(count("pods", Object::Group("billing".into())), 2);
    assert_eq!(count("pods", Object::Broker(crate::domain::kafka::BrokerId(1))), 1);
    assert_eq!(count("brokers", kube(Kind::StatefulSet, "kafka", "kafka")), 3);
    assert_eq!(count("brokers", kube(Kind::Pod, "kafka", "kafka-2")), 1);
    assert_eq!(count("partitions", Object::Topic("orders".into())), 7);
    assert_eq!(count("events", Object::Broker(crate::domain::kafka::BrokerId(0))), 1);
    assert_eq!(count("groups", Object::Topic("orders".into())), 3);
}

#[test]
fn a_replaced_pod_is_another_object() {
    let fixture = fixture(Mood::Healthy, SMALL);
    let world = fixture.world();
    let before = Object::Kube {
        kind: Kind::Pod,
        key: crate::domain::kubernetes::Key::new("kafka", "kafka-0"),
        uid: "an older one".into(),
    };
    let Block::Table { table, .. } = &find("pods").unwrap().blocks[0] else { panic!("no table") };
    assert_eq!(table.cells(&world, &before, &[0]), None);
}

#[test]
fn charts_have_the_largest_lines_first_and_not_too_many() {
    let fixture = fixture(Mood::Healthy, SMALL);
    let world = fixture.world();
    let Block::Charts(charts) = &find("charts").unwrap().blocks[0] else { panic!("no charts") };
    let by_topic = charts.charts(&world, chart::By::Topic, None);
    assert_eq!(by_topic.len(), 3);
    assert_eq!(by_topic[0].lines.len(), 6);
    assert_eq!(by_topic[0].lines[0].name, "orders");
    assert_eq!(charts.charts(&world, chart::By::Broker, None).len(), 5);
    let one = charts.charts(&world, chart::By::Cluster, Some(&Object::Topic("stock".into())));
    assert_eq!(one[0].lines.iter().map(|l| &*l.name).collect::<Vec<_>>(), ["stock"]);
}

#[test]
fn a_broker_that_is_not_measured_now_has_no_live_rate_and_the_sum_says_that_it_lacks_it() {
    let mut snapshot = crate::world::healthy(SMALL);
    let sampling = |newest: u64, whole| Sampling {
        newest: NOW.minus(Duration::from_secs(newest)),
        whole,
        patience: Duration::from_secs(15),
    };
    let sampled = [
        (BrokerId(0), sampling(5, true)),
        (BrokerId(1), sampling(40, true)),
        (BrokerId(2), sampling(5, false)),
    ];
    snapshot.apply(ThroughputDelta::Sampled(sampled.into()).into());
    let fixture = Fixture::of(snapshot, NOW);
    let world = fixture.world();
    let table = &crate::pane::brokers::Brokers;
    let column = Table::headings(table).iter().position(|h| h.title == "IN/s").unwrap();
    let rate = |id| Table::cells(table, &world, &Object::Broker(BrokerId(id)), &[column]).unwrap().remove(0);
    assert_eq!(rate(0).doubt, Doubt::None);
    assert_eq!(rate(1).doubt, Doubt::Stale(Duration::from_secs(40)));
    assert_eq!(rate(2).text, "pending");
    let Some(Block::Charts(charts)) = find("charts").unwrap().blocks.first() else { panic!() };
    let whole = charts.charts(&world, By::Cluster, None);
    assert_eq!(whole[0].lacks, "without broker 1, 2");
    let by_broker = charts.charts(&world, By::Broker, None);
    let states: Vec<bool> = by_broker[0].lines.iter().map(|l| l.state.is_live()).collect();
    assert_eq!(states.iter().filter(|live| **live).count(), 1, "{states:?}");
}
