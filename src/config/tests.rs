use super::*;

fn said(text: &str) -> String {
    format!("{:#}", parse(text, None).unwrap_err())
}

#[test]
fn the_template_is_the_defaults() {
    assert_eq!(parse("", None).unwrap(), parse(TEMPLATE, None).unwrap());
}

#[test]
fn an_unknown_key_is_named_with_a_suggestion() {
    assert_eq!(said("refesh = 3"), "unknown key refesh; did you mean refresh?");
    assert_eq!(said("[kafka]\nbootstap = []"), "unknown key kafka.bootstap; did you mean bootstrap?");
    assert_eq!(said("zzzzzz = 3"), "unknown key zzzzzz");
}

#[test]
fn a_wrong_kind_of_value_is_named() {
    assert_eq!(said("mouse = \"yes\""), "mouse must be true or false, not a string");
    assert_eq!(said("kafka = 3"), "kafka is a section: write [kafka]");
    assert_eq!(said("[theme]"), "theme is a value, not a section");
    assert_eq!(said("refresh = 0.01"), "refresh = 0.01 is not between 0.5 and 3600 seconds");
    assert!(said("a = = 3").contains("line 1"));
}

#[test]
fn whole_seconds_are_seconds() {
    assert_eq!(parse("refresh = 5", None).unwrap().refresh, 5.0);
}

#[test]
fn a_context_lies_over_the_rest() {
    let text = "[kafka]\nuser = \"a\"\ntls = true\n[contexts.prod.kafka]\nuser = \"b\"";
    assert_eq!(parse(text, None).unwrap().kafka.user, "a");
    let prod = parse(text, Some("prod")).unwrap().kafka;
    assert_eq!((prod.user.as_str(), prod.tls), ("b", true));
    let wrong = parse("[contexts.prod.kafka]\nusr = \"b\"", Some("prod")).unwrap_err();
    assert_eq!(format!("{wrong:#}"), "in [contexts.prod]: unknown key kafka.usr; did you mean user?");
}

#[test]
fn a_context_can_be_production_and_read_only() {
    let text = "[contexts.prod]\nproduction = true\nelevation = \"15m\"\nread_only = true";
    let config = parse(text, Some("lab")).unwrap();
    assert_eq!((config.production, config.read_only, config.elevation().unwrap()), (false, false, None));
    let config = parse(text, Some("prod")).unwrap();
    let quarter = Duration::from_secs(900);
    assert_eq!(
        (config.production, config.read_only, config.elevation().unwrap()),
        (true, true, Some(quarter))
    );
    assert_eq!(said("elevation = \"soon\""), "elevation = \"soon\" is not a length of time like \"15m\"");
    assert_eq!(said("[safety]\ndisk = 85"), "safety.disk = 85 is not a share from 0 to 1");
    assert_eq!(said("[safety]\nheadroom = -1"), "safety.headroom = -1 is not a number of replicas");
}

#[test]
fn a_missing_password_is_said() {
    let kafka = parse("[kafka]\nsasl = \"plain\"\nuser = \"u\"", None).unwrap().kafka;
    let said = kafka.security().unwrap_err().to_string();
    assert_eq!(said, "kafka.sasl is set, but neither kafka.password_env nor kafka.password_file");
}

#[test]
fn servers_are_read_with_and_without_port() {
    let ok = |t| server(t).map(|(h, p)| (h.to_string(), p)).ok();
    assert_eq!(ok("kafka-0:9094"), Some(("kafka-0".into(), 9094)));
    assert_eq!(ok("kafka-0"), Some(("kafka-0".into(), 9092)));
    assert_eq!(ok("[::1]:9092"), Some(("::1".into(), 9092)));
    assert_eq!(ok("http://x"), None);
    assert_eq!(ok("kafka:99999"), None);
    assert_eq!(ok(":9092"), None);
}

#[test]
fn a_file_that_was_asked_for_must_be_there() {
    let said = read(Some(Path::new("no-such-file.toml")), None).unwrap_err().to_string();
    assert!(said.starts_with("cannot read the configuration no-such-file.toml"), "{said}");
}

#[test]
fn a_section_of_a_context_that_is_nearly_there_is_told() {
    let said = misspelt(&["prodution".into(), "elsewhere".into()], &["production", "lab"]);
    let words =
        "the configuration's [contexts.prodution] is no context of the kubeconfig; did you mean production?";
    assert_eq!(said.as_deref(), Some(words));
    assert_eq!(misspelt(&["production".into(), "elsewhere".into()], &["production", "lab"]), None);
}
