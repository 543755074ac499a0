use std::fs;

use aios_privacy::{Action, PiiKind, Sink};
use insta::assert_snapshot;
use proptest::prelude::*;
use toml::Value;

use super::*;

/// Loads a file's text with some environment; problems as lines, hints behind `->`.
fn check(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("aios.toml");
    fs::write(&file, text).unwrap();
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let sources =
        Sources { file: Some(file), directory: dir.path().to_owned(), env, flags: vec![] };
    load(&sources).map_err(|error| {
        let lines = error.problems.iter().map(|problem| match &problem.hint {
            Some(hint) => format!("{} -> {hint}", problem.message),
            None => problem.message.clone(),
        });
        let place = format!("{}{}", dir.path().display(), std::path::MAIN_SEPARATOR);
        lines.collect::<Vec<_>>().join("\n").replace(&place, "")
    })
}

fn refused(text: &str) -> String {
    check(text, &[]).unwrap_err()
}

#[test]
fn the_default_file_is_the_default() {
    let config = check("", &[]).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8500");
    assert_eq!(config.server.body_max, 32 << 20);
    assert_eq!(config.upstream.timeouts.total, Duration::from_secs(600));
    assert_eq!(config.routing.profile, ProfileChoice::Auto);
    assert_eq!(config.privacy.kinds, PiiKind::ALL);
    assert!(config.server.data_dir.is_absolute());
    assert!(config.settings.iter().all(|(_, setting)| setting.origin == Origin::Default));
}

#[test]
fn laying_the_defaults_over_themselves_changes_nothing() {
    let defaults = Settings::defaults();
    assert_eq!(defaults.clone().under(defaults.clone()), defaults);
    let written: toml::Table = DEFAULT_TOML.parse().unwrap();
    assert_eq!(defaults.table(), written);
    // The default file, written out as a user's file, gives the same configuration.
    assert_eq!(check(DEFAULT_TOML, &[]).unwrap().hash, check("", &[]).unwrap().hash);
}

#[test]
fn what_is_shown_can_be_read_back() {
    let config = check("[routing]\nboundary = 0.4\n", &[]).unwrap();
    assert_eq!(check(&as_toml(&config), &[]).unwrap().hash, config.hash);
}

#[test]
fn the_smallest_useful_file_is_taken() {
    let config = check(
        r#"
        [tiers.main]
        endpoints = [{ url = "http://127.0.0.1:1234/v1", model = "qwen2.5-7b-instruct" }]
        [tiers.embedder]
        endpoints = [{ url = "http://127.0.0.1:1234/v1/", model = "llama-3.2-1b-instruct" }]
        "#,
        &[],
    )
    .unwrap();
    let [main] = &config.upstream.main[..] else { panic!("{:?}", config.upstream.main) };
    assert_eq!((main.name.as_str(), main.concurrency_max), ("main-1", 64));
    assert_eq!(config.upstream.embedder[0].url, "http://127.0.0.1:1234/v1");
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_name() {
    assert_snapshot!(refused("[routing]\n\nboundry = 0.4\n"), @"unknown key `routing.boundry` (line 3 of aios.toml); did you mean `boundary`?");
    assert_snapshot!(refused("[serverr]\nlisten = \"x\"\n"), @"unknown key `serverr` (line 1 of aios.toml); did you mean `server`?");
    assert_snapshot!(refused("boundary = 0.4\n"), @"unknown key `boundary` (line 1 of aios.toml); did you mean `routing.boundary`?");
    assert_snapshot!(refused("[lmstudio]\nxyz = 1\n"), @"unknown key `lmstudio.xyz` (line 2 of aios.toml) -> known here: `preload`");
    assert_snapshot!(refused("[tiers.main]\nendpoints = [\n{ url = \"sim://main\", modle = \"m\" },\n]\n"), @"unknown key `tiers.main.endpoints[0].modle` (line 3 of aios.toml); did you mean `model`?");
}

#[test]
fn a_wrong_type_names_key_expected_and_found() {
    assert_snapshot!(refused("[server]\nconnections_max = \"many\"\nlisten = 8500\n"), @r#"
    `server.connections_max` (line 2 of aios.toml) must be a whole number of 0 or more, not the string "many"
    `server.listen` (line 3 of aios.toml) must be a string, not the number 8500
    "#);
    assert_snapshot!(refused("[retries]\nattempts_max = -1\n"), @"`retries.attempts_max` (line 2 of aios.toml) must be a whole number of 0 or more, not the number -1");
    assert_snapshot!(refused("server = 1\n"), @"`server` (line 1 of aios.toml) must be a section, not the number 1 -> write [server] on a line of its own, its keys below");
    assert_snapshot!(refused("[tiers.main]\nendpoints = [\"http://x\"]\n"), @"`tiers.main.endpoints` (line 2 of aios.toml) must be a list of tables, not a list of something else");
}

#[test]
fn bad_toml_shows_line_and_text() {
    assert_snapshot!(refused("[server]\nlisten = 127.0.0.1:8500\n"), @r#"
    aios.toml is not TOML: line 2, column 15: invalid float, expected nothing
      2 | listen = 127.0.0.1:8500 -> a string needs quotes, and a list of tables looks like [{ url = "…", model = "…" }]
    "#);
    assert_snapshot!(refused("[server]\nlisten = \"a\"\nlisten = \"b\"\n"), @r#"
    aios.toml is not TOML: line 3, column 1: duplicate key
      3 | listen = "b"
    "#);
}

#[test]
fn values_out_of_range_are_all_listed() {
    let text = r#"
        [server]
        drain_timeout = "10 seconds"
        body_max = "8B"
        listen = "8500"
        [routing]
        boundary = 1.5
        treatment_pct = 250
        profile = "goldn"
        [canary]
        stages = [10, 5, 100]
        [retries]
        backoff_base = "3s"
        [events]
        sync = "sometimes"
        [privacy]
        kinds = ["email", "phones"]
    "#;
    assert_snapshot!(refused(text), @r#"
    `server.listen` (line 5 of aios.toml) must be an IP address and a port such as "127.0.0.1:8500" or "[::1]:8500", not "8500"
    `server.drain_timeout` (line 3 of aios.toml) must be a duration such as "250ms", "10s", "5m", "2h" or "14d", not "10 seconds"
    `server.body_max` (line 4 of aios.toml) must be from 1024 to 1073741824 bytes, not "8B"
    `retries.backoff_base` (line 13 of aios.toml) must not be longer than retries.backoff_max
    `routing.treatment_pct` (line 8 of aios.toml) must be a percentage from 0 to 100, not 250
    `routing.boundary` (line 7 of aios.toml) must be a number from 0 to 1, not 1.5
    `routing.profile` (line 9 of aios.toml) must be one of "golden", "traffic", "auto", not "goldn"; did you mean "golden"?
    `canary.stages` (line 11 of aios.toml) must rise, and 5 does not follow 10
    `events.sync` (line 15 of aios.toml) must be "always", "never" or a duration such as "100ms", not "sometimes"
    `privacy.kinds` (line 17 of aios.toml) must be one of "email", "phone", "url", "ipv4", "ipv6", "mac", "credit_card", "iban", "us_ssn", "national_id", "crypto", "secret", "custom", not "phones"; did you mean "phone"?
    "#);
}

#[test]
fn a_sink_takes_one_action_or_a_table_of_them() {
    let policy = |text: &str| check(text, &[]).unwrap().privacy.policy;
    assert!(check("", &[]).unwrap().privacy.sinks().is_none());
    let text = "[privacy.sinks]\nlog = { url = \"off\" }\nupstream = \"mask\"\n[privacy.sinks.client]\ndefault = \"mask\"\nurl = \"off\"\n";
    let mixed = policy(text);
    let action = |sink, kind| mixed.action(sink, kind);
    let (email, url) = (PiiKind::Email, PiiKind::Url);
    assert_eq!(
        [Sink::Log, Sink::Upstream, Sink::Client]
            .map(|sink| (action(sink, email), action(sink, url))),
        [(Action::Mask, Action::Off), (Action::Mask, Action::Mask), (Action::Mask, Action::Off)],
    );
    let config = check(text, &[]).unwrap();
    assert!(config.privacy.sinks().is_some());
    let kept = config.privacy.redactor().redact("jo@example.com https://h.example/?a=b").text;
    assert_eq!(kept.as_str(), "[EMAIL] https://h.example/?a=b");
    assert_eq!(check(&as_toml(&config), &[]).unwrap().hash, config.hash);
    let env = [("AIOS_PRIVACY__SINKS__UPSTREAM", "{ email = \"block\" }")];
    let config = check("", &env).unwrap();
    assert_eq!(config.privacy.policy.action(Sink::Upstream, email), Action::Block);
    assert_eq!(config.privacy.policy.action(Sink::Upstream, url), Action::Off);
}

#[test]
fn sinks_kinds_and_actions_that_there_are_not_are_refused() {
    let sinks = |text: &str| refused(&format!("[privacy.sinks]\n{text}\n"));
    assert_snapshot!(sinks("upstrem = \"mask\""), @"unknown key `privacy.sinks.upstrem` (line 2 of aios.toml); did you mean `upstream`?");
    assert_snapshot!(sinks("upstream = { emial = \"mask\" }"), @"unknown key `privacy.sinks.upstream.emial` (line 2 of aios.toml); did you mean `email`?");
    assert_snapshot!(sinks("upstream = { email = \"maks\" }"), @r#"`privacy.sinks.upstream.email` (line 2 of aios.toml) must be one of "off", "detect", "placeholder", "mask", "block", not "maks"; did you mean "mask"?"#);
    assert_snapshot!(sinks("upstream = 7"), @"`privacy.sinks.upstream` (line 2 of aios.toml) must be an action or a table of actions by kind, not the number 7");
    assert_snapshot!(sinks("client = { email = \"placeholder\" }"), @r#"`privacy.sinks.client.email` (line 2 of aios.toml) cannot be "placeholder": at this sink there is "off", "detect", "mask", "block""#);
    assert_snapshot!(sinks("memory = \"placeholder\""), @r#"`privacy.sinks.memory` (line 2 of aios.toml) cannot be "placeholder": at this sink there is "off", "detect", "mask", "block""#);
    assert_snapshot!(sinks("on_unscannable = \"drop\""), @r#"`privacy.sinks.on_unscannable` (line 2 of aios.toml) must be one of "block", "pass", not "drop""#);
}

#[test]
fn endpoints_are_checked() {
    let endpoint = |entry: &str| refused(&format!("[tiers.main]\nendpoints = [{{ {entry} }}]\n"));
    assert_snapshot!(endpoint("model = \"m\""), @"`tiers.main.endpoints[0].url` (line 2 of aios.toml) must be there");
    assert_snapshot!(endpoint("url = \"http://127.0.0.1:1/v1\""), @"`tiers.main.endpoints[0].model` (line 2 of aios.toml) must be there");
    assert_snapshot!(endpoint("url = \"ftp://h/v1\", model = \"m\""), @r#"`tiers.main.endpoints[0].url` (line 2 of aios.toml) must start with http://, https:// or sim://, not "ftp://h/v1""#);
    assert_snapshot!(endpoint("url = \"http://me:pw@h/v1\", model = \"m\""), @"`tiers.main.endpoints[0].url` (line 2 of aios.toml) must not hold a user name or password; name the key's variable in api_key_env");
    assert_snapshot!(endpoint("url = \"http://h/v1?key=1\", model = \"m\""), @"`tiers.main.endpoints[0].url` (line 2 of aios.toml) must have no `?` or `#` part; a key belongs into the variable named by api_key_env");
    assert_snapshot!(endpoint("url = \"sim://mian\""), @"`tiers.main.endpoints[0].url` (line 2 of aios.toml) is no simulated model: unknown tier `mian`; did you mean `main`?");
    assert_snapshot!(endpoint("url = \"http://h/v1\", model = \"m\", kind = \"olama\""), @r#"`tiers.main.endpoints[0].kind` (line 2 of aios.toml) must be one of "auto", "lm_studio", "ollama", "llama_cpp", "vllm", "open_ai", "simulated", not "olama"; did you mean "ollama"?"#);
    assert_snapshot!(endpoint("url = \"http://h/v1\", model = \"m\", api_key_env = \"NOT_SET\""), @"`tiers.main.endpoints[0].api_key_env` (line 2 of aios.toml) names the environment variable NOT_SET, which is not set -> set it where AIOS is started, or leave api_key_env out");
    assert_snapshot!(endpoint("url = \"http://h/v1\", model = \"m\", input_usd_per_mtok = -1"), @"`tiers.main.endpoints[0].input_usd_per_mtok` (line 2 of aios.toml) must be from 0 to 100000 US dollars, not -1");
}

#[test]
fn a_key_in_place_of_a_variable_name_is_not_repeated() {
    let secret = format!("sk-{}", "a1B2".repeat(10));
    let text = format!(
        "[tiers.main]\nendpoints = [{{ url = \"http://h/v1\", model = \"m\", api_key_env = \"{secret}\" }}]\n"
    );
    let error = refused(&text);
    assert!(!error.contains(&secret), "{error}");
    assert_snapshot!(error, @"`tiers.main.endpoints[0].api_key_env` (line 2 of aios.toml) must be the name of an environment variable: capitals, digits, `_` -> put the key into an environment variable such as MAIN_API_KEY and write that name here");
}

#[test]
fn an_api_key_comes_from_the_environment_and_stays_out_of_sight() {
    let text = "[tiers.main]\nendpoints = [{ url = \"https://h/v1\", model = \"m\", api_key_env = \"MAIN_KEY\" }]\n";
    let config = check(text, &[("MAIN_KEY", " open sesame ")]).unwrap();
    let key = config.upstream.main[0].api_key.as_ref().unwrap();
    assert_eq!(key.expose(), "open sesame");
    let shown = format!("{config:?}{}{}", as_toml(&config), as_json(&config));
    assert!(!shown.contains("sesame"), "{shown}");
    assert_eq!(config.hash, check(text, &[("MAIN_KEY", "other")]).unwrap().hash);
}

#[test]
fn a_listener_for_other_machines_needs_keys() {
    let listen = "[server]\nlisten = \"0.0.0.0:8500\"\n";
    assert_snapshot!(refused(listen), @"`server.listen` (line 2 of aios.toml) 0.0.0.0:8500 can be reached from other machines, which needs client keys -> make a key with `aios keys new NAME`, put its line into clients.keys and set clients.required = true");
    let key = format!("keys = [{{ name = \"app\", sha256 = \"{}\" }}]\n", "ab".repeat(32));
    assert!(check(&format!("{listen}[clients]\n{key}"), &[]).is_err());
    assert!(check(&format!("{listen}[clients]\nrequired = true\n{key}"), &[]).is_ok());
    assert_snapshot!(refused("[server]\nadmin_listen = \"[::]:8501\"\n"), @"`server.admin_listen` (line 2 of aios.toml) [::]:8501 can be reached from other machines, which needs a token -> make one with `aios keys new NAME`, put its digest with scopes into admin.tokens and the names it is reached by into admin.hosts");
    assert_snapshot!(refused("[server]\nlisten = \"localhost:8501\"\n"), @"`server.admin_listen` (default) must differ from server.listen");
}

#[test]
fn a_file_that_became_empty_is_no_configuration_to_reload() {
    let dir = tempfile::tempdir().unwrap();
    let sources = Sources { directory: dir.path().to_owned(), ..Sources::default() };
    let file = dir.path().join("aios.toml");
    for empty in ["", " \n\n"] {
        std::fs::write(&file, empty).unwrap();
        let error = reload(&sources).unwrap_err().to_string();
        assert!(error.ends_with("aios.toml is empty"), "{error}");
    }
    std::fs::write(&file, "# as it comes\n").unwrap();
    reload(&sources).unwrap();
    std::fs::write(&file, "").unwrap();
    load(&sources).unwrap();
    std::fs::remove_file(&file).unwrap();
    reload(&sources).unwrap();
}

#[test]
fn the_environment_counts_more_than_the_file() {
    let text = "[routing]\nboundary = 0.4\n";
    let config = check(text, &[("AIOS_ROUTING__BOUNDARY", "0.6")]).unwrap();
    assert_eq!(config.routing.split.control_boundary.get(), 0.6);
    let origin = &config.settings.get("routing.boundary").unwrap().origin;
    assert_eq!(*origin, Origin::Env("AIOS_ROUTING__BOUNDARY".into()));
}

#[test]
fn every_kind_of_value_can_come_from_the_environment() {
    let config = check(
        "",
        &[
            ("AIOS_ADAPTIVE_ENABLED", "0"),
            ("AIOS_DATA_DIR", "elsewhere"),
            ("AIOS_SERVER__CONNECTIONS_MAX", "9"),
            ("AIOS_MODELS__ALIASES", "a, b"),
            ("AIOS_TIERS__MAIN__ENDPOINTS", "[{ url = \"sim://main\" }]"),
            ("AIOS_EVENTS__SYNC", "always"),
        ],
    )
    .unwrap();
    assert!(!config.routing.split.adaptive);
    assert!(config.server.data_dir.ends_with("elsewhere"));
    assert_eq!(config.server.connections_max, 9);
    assert_eq!(config.aliases, ["a", "b"]);
    assert_eq!(config.upstream.main[0].model, "sim-main");
}

#[test]
fn a_wrong_variable_is_refused_or_warned_about() {
    let env = |name: &str, value: &str| check("", &[(name, value)]).unwrap_err();
    assert_snapshot!(env("AIOS_ROUTING__BOUNDRY", "0.4"), @"unknown key `routing.boundry` (AIOS_ROUTING__BOUNDRY); did you mean AIOS_ROUTING__BOUNDARY?");
    assert_snapshot!(env("AIOS_NO__IDEA", "1"), @"unknown key `no.idea` (AIOS_NO__IDEA) -> `aios config default` lists every key; AIOS_ROUTING__BOUNDARY sets `routing.boundary`");
    assert_snapshot!(env("AIOS_ADAPTIVE_ENABLED", "maybe"), @r#"`routing.adaptive` (AIOS_ADAPTIVE_ENABLED) must be 0 or 1, not "maybe""#);
    assert_snapshot!(env("AIOS_ROUTING__BOUNDARY", "2"), @"`routing.boundary` (AIOS_ROUTING__BOUNDARY) must be a number from 0 to 1, not 2");
    let warnings = |name: &str| check("", &[(name, "1")]).unwrap().warnings.join("\n");
    assert_snapshot!(warnings("AIOS_ADAPTIVE_ENABLE"), @"the environment variable AIOS_ADAPTIVE_ENABLE means nothing to AIOS; did you mean AIOS_ADAPTIVE_ENABLED?");
    assert_snapshot!(warnings("AIOS_ROUTING_BOUNDARY"), @"the environment variable AIOS_ROUTING_BOUNDARY means nothing to AIOS; did you mean AIOS_ROUTING__BOUNDARY?");
    assert_eq!(warnings("AIOS_URL"), "");
}

#[test]
fn an_admin_token_is_called_like_nobody_else() {
    let tokens = |names: &[&str]| {
        let digest = "ab".repeat(32);
        let token =
            |name: &&str| format!("{{ name = \"{name}\", sha256 = \"{digest}\", scopes = [] }}");
        let tokens: Vec<_> = names.iter().map(token).collect();
        check(&format!("[admin]\ntokens = [{}]\n", tokens.join(", ")), &[])
    };
    assert!(tokens(&["ops", "night-watch.2"]).is_ok());
    for name in ["x (session)", "Owner", " ops", ""] {
        let refused = tokens(&[name]).unwrap_err();
        assert!(refused.contains("needs a name of its own"), "{name}: {refused}");
    }
    let refused = tokens(&["ops", "ops"]).unwrap_err();
    assert!(refused.contains("two tokens called ops"), "{refused}");
}

#[test]
fn a_named_file_must_be_there_and_an_unnamed_one_need_not() {
    let dir = tempfile::tempdir().unwrap();
    let sources = Sources { directory: dir.path().to_owned(), ..Sources::default() };
    assert_eq!(load(&sources).unwrap().file, None);
    let named = Sources { file: Some("none.toml".into()), ..sources.clone() };
    let error = load(&named).unwrap_err();
    assert!(error.to_string().contains("(named by --config)"), "{error}");
    assert!(error.problems[0].hint.is_some());
}

#[test]
fn what_changes_no_answer_leaves_the_hash_of_answers() {
    let of = |text: &str| check(text, &[]).unwrap().answers_hash;
    let before = of("");
    for same in [
        "[alerts]\nremind_every = \"5h\"",
        "[slo]\nn_min = 31",
        "[events]\nsync = \"always\"",
        "[routing]\ntreatment_pct = 20.0",
        "[clients]\nrequired = false",
    ] {
        assert_eq!(of(same), before, "{same}");
    }
    for other in [
        "[tiers.main]\nendpoints = [{ url = \"http://127.0.0.1:1/v1\", model = \"m\" }]",
        "[memory]\nwords_max = 900",
        "[routing]\nprofile = \"golden\"",
        "[timeouts]\nwhole = \"200s\"",
        "[privacy.sinks]\nupstream = \"mask\"",
    ] {
        assert_ne!(of(other), before, "{other}");
    }
}

#[test]
fn a_changed_file_has_another_stamp_and_hash() {
    let dir = tempfile::tempdir().unwrap();
    let sources = Sources { directory: dir.path().to_owned(), ..Sources::default() };
    let (before, hash) = (sources.stamp(), load(&sources).unwrap().hash);
    fs::write(dir.path().join("aios.toml"), "[server]\nlisten = \"127.0.0.1:1\"\n").unwrap();
    let after = load(&sources).unwrap();
    assert_ne!(sources.stamp(), before);
    assert_ne!(after.hash, hash);
    assert_eq!(after.hash.len(), 12);
    assert_eq!(after.needs_restart(&after), Vec::<&str>::new());
}

#[test]
fn what_needs_a_restart_is_named() {
    let running = check("", &[]).unwrap();
    let changed =
        check("[server]\nlisten = \"127.0.0.1:1\"\n[routing]\nboundary = 0.4\n", &[]).unwrap();
    assert_eq!(changed.needs_restart(&running), ["server.listen"]);
}

/// `default.toml` is the manual: a key needs a restart if the words before it, or before its section, say so.
#[test]
fn the_manual_and_the_list_name_the_same_keys_that_need_a_restart() {
    let says_so = |words: &str| words.to_lowercase().contains("restart.");
    let (mut section, mut of_section) = ("", false);
    let (mut words, mut said) = (String::new(), false);
    let mut told = Vec::new();
    for line in DEFAULT_TOML.lines() {
        if let Some(comment) = line.strip_prefix('#') {
            words.push_str(comment);
        } else if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
            (of_section, said) = (says_so(&std::mem::take(&mut words)), false);
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with(' ')) {
            // Keys without words of their own go by those before them.
            if !words.is_empty() {
                said = says_so(&std::mem::take(&mut words));
            }
            if said || of_section {
                told.push(format!("{section}.{key}"));
            }
        } else if line.is_empty() {
            words.clear();
        }
    }
    assert_eq!(told, restart::FIXED);
}

#[test]
fn every_variable_is_known_to_the_environment_reader() {
    for (key, setting) in Settings::defaults().iter() {
        let text = match &setting.value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let config = check("", &[(&env::variable(key), &text)]).unwrap();
        assert_eq!(config.settings.get(key).unwrap().value, setting.value, "{key}");
    }
}

#[test]
fn every_key_is_explained_in_the_default_file() {
    // A key without a comment of its own must follow one that has it.
    let mut explained = false;
    for line in DEFAULT_TOML.lines() {
        match line.trim_start().chars().next() {
            Some('#') => explained = true,
            Some('[') => {}
            None => explained = false,
            Some(_) => assert!(explained, "{line}"),
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_fail_otherwise_than_by_an_error(text in "[a-z\\[\\].=\"#{} \n0-9-]{0,60}") {
        if let Err(error) = check(&text, &[]) {
            prop_assert!(!error.is_empty());
        }
    }
}

#[test]
fn traces_are_off_until_a_collector_is_named() {
    const STANDARD: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://standard:4318");
    let endpoint =
        |text: &str, env: &[(&str, &str)]| check(text, env).unwrap().otlp.map(|otlp| otlp.endpoint);
    let in_file = "[telemetry]\notlp_endpoint = \"http://file:4318\"\n";
    assert_eq!(endpoint("", &[]), None);
    assert_eq!(endpoint(in_file, &[]).as_deref(), Some("http://file:4318"));
    assert_eq!(endpoint(in_file, &[STANDARD]).as_deref(), Some("http://standard:4318"));
    assert_eq!(endpoint(in_file, &[(STANDARD.0, "")]).as_deref(), Some("http://file:4318"));
    let own = ("AIOS_TELEMETRY__OTLP_ENDPOINT", "http://own:4318");
    assert_eq!(endpoint(in_file, &[STANDARD, own]).as_deref(), Some("http://own:4318"));
    let named = check("", &[STANDARD, ("OTEL_SERVICE_NAME", "edge")]).unwrap().otlp.unwrap();
    assert_eq!(named.service_name, "edge");
    assert_snapshot!(check("", &[(STANDARD.0, "localhost:4318")]).unwrap_err(), @"`telemetry.otlp_endpoint` (OTEL_EXPORTER_OTLP_ENDPOINT) must be a collector's base URL, such as http://127.0.0.1:4318, without a user name, `?` or `#`");
}

#[test]
fn a_build_that_cannot_send_traces_says_so() {
    let warnings = |text: &str| check(text, &[]).unwrap().warnings.join("\n");
    assert_eq!(warnings(""), "");
    let warned = warnings("[telemetry]\notlp_endpoint = \"http://127.0.0.1:4318\"\n");
    assert_eq!(warned.contains("build with --features otel"), !cfg!(feature = "otel"), "{warned}");
}

/// What goes by itself breaks no objective by itself, however narrow it is set, and no wide one lets it go anywhere.
#[test]
fn the_boundary_reaches_as_far_as_its_objective() {
    let reach = |text: &str| check(text, &[]).unwrap().control().canary.boundary.reach;
    assert_eq!(reach(""), 0.08);
    assert_eq!(reach("[slo]\nboundary_drift = 0.05\n"), 0.05);
    assert_eq!(reach("[slo]\nboundary_drift = 0.3\n"), 0.1);
}
