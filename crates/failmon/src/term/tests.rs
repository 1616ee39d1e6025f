//! Screens as text: each view of some clusters, in three sizes, as they are kept in
//! `tests/golden/failmon`. With `FAILOVER_GOLDEN` set they are written anew, to be looked at.

use std::fmt::Write;
use std::path::Path;

use fail_client::follow::Seen;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Color, Modifier};

use super::app::{App, Do, View};
use super::draw::draw;
use super::keys::{KEYS, press};
use super::theme::Theme;
use super::wish::Way;
use crate::cluster::Cluster;
use crate::stage::{self, NOW};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 12)];

fn app(cluster: &Cluster, size: (u16, u16)) -> App {
    let mut app = App::new(cluster.views.len(), size, Theme { colour: true });
    let way = Way::Faild {
        host: "hosta".to_string(),
        port: 1847,
    };
    app.ways = vec![Ok(way); cluster.views.len()];
    app
}

fn screen(app: &mut App, cluster: &Cluster, now: i64, size: (u16, u16)) -> Buffer {
    app.size = size;
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal
        .draw(|frame| draw(app, cluster, now, frame))
        .unwrap();
    terminal.backend().buffer().clone()
}

fn text(buffer: &Buffer) -> String {
    let mut made = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut hidden = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if hidden > 0 {
                hidden -= 1;
                continue;
            }
            hidden = super::text::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        writeln!(made, "{}", line.trim_end()).unwrap();
    }
    made
}

fn shown(app: &mut App, cluster: &Cluster, now: i64, size: (u16, u16)) -> String {
    text(&screen(app, cluster, now, size))
}

fn keys(app: &mut App, cluster: &Cluster, names: &[&str]) -> Option<Do> {
    let mut done = None;
    for name in names {
        done = app.press(press(name), cluster, NOW);
    }
    done
}

fn scenes() -> Vec<(&'static str, Cluster, i64)> {
    let (lost, later) = stage::lost();
    vec![
        ("calm", stage::calm(), NOW),
        ("split", stage::split(), NOW),
        ("lost", lost, later),
        ("many", stage::many(), NOW),
        ("odd", stage::odd(), NOW),
    ]
}

fn golden(name: &str, is: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/failmon");
    let file = folder.join(name);
    if std::env::var_os("FAILOVER_GOLDEN").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&file, is).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let mut lines = kept.lines().zip(is.lines()).enumerate();
    let first = lines.find(|(_, (kept, is))| kept != is);
    assert!(
        kept == is,
        "{name} is another now, first of all {first:?}; FAILOVER_GOLDEN=1 writes it anew"
    );
}

#[test]
fn screens_are_as_they_were() {
    for (scene, cluster, now) in scenes() {
        for size in SIZES {
            let mut all = String::new();
            for view in View::ALL {
                let mut app = app(&cluster, size);
                app.view = view;
                let screen = shown(&mut app, &cluster, now, size);
                write!(all, "== {view:?}\n{screen}").unwrap();
            }
            golden(&format!("{scene}-{}x{}.txt", size.0, size.1), &all);
        }
    }
}

#[test]
fn dialogs_and_messages_are_as_they_were() {
    let cluster = stage::calm();
    for size in SIZES {
        let mut all = String::new();
        let mut app = app(&cluster, size);
        app.view = View::Services;
        let steps: [(&str, &[&str]); 6] = [
            ("menu", &["Down", "w"]),
            ("reason", &["Down", "Down", "Enter", "n", "e", "w"]),
            ("sure", &["Enter", "Right"]),
            ("asked", &["Enter"]),
            ("filter", &["Up", "/", "w", "e"]),
            ("filtered", &["Enter", "o"]),
        ];
        for (what, names) in steps {
            keys(&mut app, &cluster, names);
            let screen = shown(&mut app, &cluster, NOW, size);
            write!(all, "== {what}\n{screen}").unwrap();
        }
        app.answer(Err(
            "hosta:1847: the community does not allow that".to_string()
        ));
        let screen = shown(&mut app, &cluster, NOW, size);
        write!(all, "== refused\n{screen}").unwrap();
        golden(&format!("dialog-{}x{}.txt", size.0, size.1), &all);
    }
}

#[test]
fn two_servers_are_the_first_thing_one_sees_and_loud() {
    let cluster = stage::split();
    for size in SIZES {
        for view in View::ALL {
            let mut app = app(&cluster, size);
            app.view = view;
            let buffer = screen(&mut app, &cluster, NOW, size);
            let said = "web is UP on 2 hosts at once";
            assert!(text(&buffer).starts_with(&format!(" {said}")), "{view:?}");
            for x in 0..size.0 {
                let cell = &buffer[(x, 0)];
                assert!(cell.modifier.contains(Modifier::REVERSED | Modifier::BOLD));
                assert_eq!(cell.fg, Color::Red);
            }
        }
    }
}

#[test]
fn colours_are_the_users_own_and_no_ground_has_any() {
    let used = [
        Color::Reset,
        Color::Red,
        Color::Green,
        Color::Cyan,
        Color::Magenta,
    ];
    let mut coloured = 0;
    for (scene, cluster, now) in scenes() {
        for view in View::ALL {
            for colour in [true, false] {
                let mut app = app(&cluster, (80, 24));
                (app.view, app.theme) = (view, Theme { colour });
                for cell in &screen(&mut app, &cluster, now, (80, 24)).content {
                    assert_eq!(cell.bg, Color::Reset, "{scene}");
                    assert!(used.contains(&cell.fg), "{scene}: {:?}", cell.fg);
                    assert!(colour || cell.fg == Color::Reset, "{scene}, {view:?}");
                    coloured += usize::from(cell.fg != Color::Reset);
                    let harmless = |c: char| !c.is_control() && c != '\u{202e}';
                    assert!(cell.symbol().chars().all(harmless), "{:?}", cell.symbol());
                }
            }
        }
    }
    assert!(coloured > 100);
}

#[test]
fn every_key_can_be_pressed_everywhere() {
    let mut clusters = scenes();
    clusters.push(("none", Cluster::default(), NOW));
    clusters.push(("new", Cluster::new(["x".to_string()], NOW), NOW));
    let tiny = [(1, 1), (2, 3), (7, 5), (40, 12), (0, 0), (300, 3)];
    for (scene, cluster, now) in &clusters {
        if *scene == "many" {
            continue;
        }
        for view in View::ALL {
            let mut app = app(cluster, (80, 24));
            app.view = view;
            for first in KEYS.iter().flat_map(|key| key.names) {
                app.press(press(first), cluster, *now);
                for second in ["Down", "End", "w", "x", "Enter", "PgUp", "/", "Esc", "Up"] {
                    app.press(press(second), cluster, *now);
                }
                for size in tiny {
                    screen(&mut app, cluster, *now, size);
                }
                app.press(press("Esc"), cluster, *now);
                app.dialog = None;
                app.typing = false;
                app.busy = None;
                app.view = view;
            }
        }
    }
}

#[test]
fn what_is_chosen_stays_chosen() {
    let mut cluster = stage::calm();
    let mut app = app(&cluster, (80, 24));
    app.view = View::Services;
    keys(&mut app, &cluster, &["End"]);
    assert_eq!(app.service.as_deref(), Some("web"));
    let more = r#"{"type":"service","name":"aaa","state":"UP","since":@1,"marks":[],"reason":"","why":"","waiting":null,"until":null,"script":null,"peers":[],"check":null,"retry":null,"settings":{},"console":{},"journal":[]}"#;
    stage::say(&mut cluster, 0, NOW, more);
    let order = |app: &mut App, cluster: &Cluster| match keys(app, cluster, &["w"]) {
        None => app.dialog.take().unwrap().order.service,
        Some(done) => panic!("{done:?}"),
    };
    assert_eq!(order(&mut app, &cluster), "web");
    keys(&mut app, &cluster, &["o", "O"]);
    assert_eq!(order(&mut app, &cluster), "web");
    keys(&mut app, &cluster, &["o", "o", "O", "Home"]);
    assert_eq!(order(&mut app, &cluster), "aaa");
    // When it is gone, what comes where it was is marked, and meant.
    let gone = r#"{"type":"gone","what":"service","name":"aaa"}"#;
    stage::say(&mut cluster, 0, NOW, gone);
    assert_eq!(order(&mut app, &cluster), "dns");
}

#[test]
fn old_keys_do_what_they_always_did() {
    let cluster = stage::calm();
    let mut app = app(&cluster, (80, 24));
    for (names, view, call) in [
        (&["h"][..], View::Hosts, false),
        (&["c"], View::Hosts, true),
        (&["l"], View::Services, true),
        // As a side effect the hosts are shown, and nothing is changed.
        (&["c"], View::Hosts, true),
        (&["c"], View::Hosts, false),
        (&["Left"], View::Services, false),
        (&["Right"], View::Detail, false),
        (&["Tab"], View::Hosts, false),
        (&["Tab"], View::Detail, false),
        (&["l", "Tab", "Tab"], View::Services, false),
        (&["Down", "s"], View::Detail, false),
        (&["Esc"], View::Services, false),
        (&["?", "?"], View::Services, false),
        (&["m", "Enter", "Esc"], View::Matrix, false),
        (&["e", "Esc", "i", "Esc"], View::Matrix, false),
    ] {
        keys(&mut app, &cluster, names);
        assert_eq!((app.view, app.call), (view, call), "{names:?}");
    }
    assert_eq!(keys(&mut app, &cluster, &["q"]), Some(Do::Quit));
    assert_eq!(keys(&mut app, &cluster, &["/", "q"]), None);
    assert_eq!(keys(&mut app, &cluster, &["Ctrl-C"]), Some(Do::Quit));
}

#[test]
fn a_thousand_services_are_walked_through_and_filtered() {
    let cluster = stage::many();
    let mut app = app(&cluster, (80, 24));
    for (names, first, last) in [
        (&["Home"][..], "service000", "service000"),
        (&["End"], "service999", "service999"),
        (&["PgUp"], "service983", "service983"),
        (&["o", "Home"], "service007", "service007"),
        (&["/", "9", "9", "7", "Enter"], "service997", "filter: 997"),
    ] {
        keys(&mut app, &cluster, names);
        let screen = shown(&mut app, &cluster, NOW, (80, 24));
        assert!(screen.contains(first) && screen.contains(last), "{screen}");
    }
    keys(&mut app, &cluster, &["Esc"]);
    assert_eq!(app.filter, "");
}

#[test]
fn nothing_is_offered_where_nothing_can_be_wished() {
    let cluster = stage::calm();
    let mut app = app(&cluster, (80, 24));
    app.view = View::Services;
    app.ways = vec![Err("wishes need a community".to_string()); 2];
    assert_eq!(keys(&mut app, &cluster, &["w"]), None);
    assert!(app.dialog.is_none());
    let screen = shown(&mut app, &cluster, NOW, (80, 24));
    assert!(screen.contains("\nwishes need a community\n"), "{screen}");
}

#[test]
fn pasted_text_is_no_keys() {
    let cluster = stage::calm();
    let mut app = app(&cluster, (80, 24));
    app.paste("q\rw\x1b");
    assert_eq!((app.view, app.dialog.is_none()), (View::Matrix, true));
    keys(&mut app, &cluster, &["/"]);
    app.paste("we\r\x03b");
    assert_eq!((app.filter.as_str(), app.typing), ("web", true));
    // Letters with Ctrl are not typed.
    let ctrl_a = KeyEvent::new(KeyCode::Char('a'), KeyModifiers::CONTROL);
    app.press(ctrl_a, &cluster, NOW);
    assert_eq!(app.filter, "web");
}

#[test]
fn a_click_chooses_the_line_that_is_there() {
    let mut cluster = stage::many();
    let mut app = app(&cluster, (80, 24));
    keys(&mut app, &cluster, &["PgDn", "PgDn", "PgDn"]);
    let screen = shown(&mut app, &cluster, NOW, (80, 24));
    let line = screen
        .lines()
        .position(|line| line.contains("service04"))
        .unwrap();
    let is = screen.lines().nth(line).unwrap()[..10].to_string();
    app.mouse(0, Some(u16::try_from(line).unwrap()), &cluster, NOW);
    assert_eq!(app.service, Some(is));
    for line in 0..30 {
        app.mouse(1, Some(line), &cluster, NOW);
    }
    cluster.take(0, Seen::Lost("x".to_string()), NOW).unwrap();
    app.mouse(-3, None, &cluster, NOW);
}
