use super::*;

const NOW: Time = Time(1_760_000_000_000);

#[test]
fn every_scenario_is_built_and_says_what_it_is() {
    for scenario in Scenario::all() {
        let says = scenario.says().unwrap();
        assert!(says.ends_with('.') && says.len() < 160, "{}: {says}", scenario.name);
        let world = scenario.world(1, 0.01, NOW).unwrap();
        assert_eq!(world.now, NOW, "{}", scenario.name);
        assert!(Scenario::find(scenario.name).is_some());
    }
}
