//! The same exchanges with castellan's demo and with a real cluster, and the same is demanded of both: where
//! the demo answers otherwise, it is wrong.

mod changes;
mod kafka;
mod kubernetes;
mod refusals;
mod tables;
mod world;

/// A test of each exchange in each world.
macro_rules! in_both_worlds {
    ($($part:ident: $($exchange:ident)*;)*) => {
        mod demo {
            $($(#[test] fn $exchange() { crate::$part::$exchange(&crate::world::demo()); })*)*
        }
        mod lab {
            $($(#[test] fn $exchange() { crate::$part::$exchange(&crate::world::lab()); })*)*
        }
    };
}

in_both_worlds! {
    tables: workloads_are_listed what_pods_need_is_listed events_are_listed
        objects_have_the_fields_that_rules_read;
    kubernetes: a_watch_tells_of_a_deployment_that_is_scaled logs_are_told logs_are_followed
        the_admin_may_what_the_viewer_may_not a_forwarded_port_is_the_brokers;
    refusals: what_is_not_there_is_not_found an_old_version_is_a_conflict another_pods_uid_is_a_conflict
        the_viewer_is_forbidden a_budget_refuses_an_eviction;
    kafka: brokers_tell_their_topics_with_leaders_and_replicas a_record_is_read_as_it_was_written
        an_unknown_topic_is_an_error groups_are_listed_with_their_lag;
    changes: settings_of_topics_and_brokers_are_changed_and_taken_away
        an_empty_groups_offsets_are_reset_and_deleted_and_so_is_the_group a_group_with_members_is_left_as_it_is;
}
